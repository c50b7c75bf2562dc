/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef KINDS_AUTOSCALING_HPA_INTERNAL_H
#define KINDS_AUTOSCALING_HPA_INTERNAL_H

#include "kinds/strategy.h"

/* autoscaling/v1 <-> v2, as strategy.convert. */
js *hpa_convert(const struct kind *from, const struct kind *to, const js *o);
/* Those that the conversion alone writes: in v2 they are nobody's, whoever sends them. */
void hpa_drop_annotations(js *o);

#endif
