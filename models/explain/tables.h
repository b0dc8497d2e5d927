/* tables.h - the numbers of an explanation as comma-separated values. */
#ifndef MODELS_EXPLAIN_TABLES_H
#define MODELS_EXPLAIN_TABLES_H

#include "explain/explanation.h"
#include <stdio.h>

/* map,layer,head,row,column,value: what the class token, or the mean of all queries, attends to, of each layer (counted
 * from 1) and head (from 0, and the mean of them), by row and column of the keys' grid (from 0); then the rollout and
 * Grad-CAM, which are of no layer and head. */
bool tables_write_maps(FILE *stream, const explanation *e);

/* layer,name,head,entropy,mean_distance,patch_mean: see attention_statistics. `picture` is what the model takes. */
bool tables_write_layers(FILE *stream, const explanation *e, const common_config *picture);

#endif
