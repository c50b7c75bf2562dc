/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers keep of a HorizontalPodAutoscaler: its texts. It is read anew every few seconds anyway, and there are few. */
#ifndef DECODE_HPA_H
#define DECODE_HPA_H

#include "decode/index.h"

struct cm_hpa {
	struct informer_object base;
	const char *spec, *status; /* JSON texts; "{}" when absent */
};
extern const struct informer_type cm_hpa_type;

#endif
