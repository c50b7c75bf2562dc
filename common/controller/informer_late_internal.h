/* SPDX-License-Identifier: Apache-2.0 */
/* Between informer.c and informer_late.c. */
#ifndef CONTROLLER_INFORMER_LATE_INTERNAL_H
#define CONTROLLER_INFORMER_LATE_INTERNAL_H

struct informer;
void informer_late_free_type(struct informer *i);

#endif
