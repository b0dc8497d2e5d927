/* loss.c - reference kernels; to be written. */
typedef int reference_loss_is_empty;
