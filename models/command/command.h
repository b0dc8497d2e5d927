/* command.h - the commands of vitro. Each has its own command line, prints what it has to say and gives an exit code.
 */
#ifndef MODELS_COMMAND_COMMAND_H
#define MODELS_COMMAND_COMMAND_H

int command_attention(int argc, char **argv);
int command_check(int argc, char **argv);
int command_classify(int argc, char **argv);
int command_finetune(int argc, char **argv);
int command_models(int argc, char **argv);
int command_summary(int argc, char **argv);

#endif
