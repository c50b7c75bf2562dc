/* SPDX-License-Identifier: Apache-2.0 */
/* intstr.IntOrString: an int32 or a string such as "25%" (kubernetes/apimachinery pkg/util/intstr). Any
 * thread. */
#ifndef OBJECT_INTSTR_H
#define OBJECT_INTSTR_H

#include <stdbool.h>
#include "object/json.h"

/* v is a JSON int or "N%". Percentages are taken of `total` and rounded up or down. Other strings are
   REASON_INVALID, as in upstream. */
int intstr_scaled(const js *v, int total, bool round_up, int *ret, struct err *err) MUST_CHECK;

#endif
