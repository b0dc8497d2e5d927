/* loss.c - to be written. */
typedef int loss_is_empty;
