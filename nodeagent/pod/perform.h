/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of a worker that are not asked for by its machine. Loop thread. */
#ifndef POD_PERFORM_H
#define POD_PERFORM_H

#include "pod/worker.h"

/* Removes what the Pod leaves behind when it is forgotten: its logs and its directory. */
void perform_forget(struct worker *w);
/* Removes the runtime's containers and sandboxes of this Pod that the machine has not taken over. */
void perform_sweep(struct worker *w, const struct runtime_list *list);

#endif
