/* SPDX-License-Identifier: Apache-2.0 */
/* When finished Pods are too many. */
#ifndef POD_GC_H
#define POD_GC_H

#define POD_GC_THRESHOLD 12500 /* upstream's default */

/* Before the controllers start; 0 = never too many. */
void pod_gc_set_threshold(int n);

#endif
