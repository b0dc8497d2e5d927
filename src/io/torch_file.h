/* torch_file.h - the tensors of files that PyTorch's torch.save wrote. */
#ifndef VITRO_IO_TORCH_FILE_H
#define VITRO_IO_TORCH_FILE_H

#include "file.h"
#include "stored_tensor.h"

/* A zip file, since PyTorch 1.6: "<name>/data.pkl" is a pickle, "<name>/data/0" and so on are storages. */
bool torch_zip_list(vt_site at, const input_file *file, const char *part, stored_tensors *all);

/* Before that: a pickled magic number, a version, what machine it was; the pickle; the keys of the storages; then
 * these, each with its number of elements before it. */
bool torch_legacy_list(vt_site at, const input_file *file, const char *part, stored_tensors *all);

#endif
