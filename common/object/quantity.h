/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resource.Quantity: fixed-point numbers with SI suffixes (kubernetes/apimachinery
 * pkg/api/resource/quantity.go).
 *
 * Held as a whole number of nano-units; finer fractions are rounded up and values beyond 2^63-1 are capped,
 * as upstream. Values, no allocation, any thread.
 */
#ifndef OBJECT_QUANTITY_H
#define OBJECT_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

enum quantity_format { QUANTITY_DECIMAL_SI, QUANTITY_BINARY_SI, QUANTITY_DECIMAL_EXPONENT };

struct quantity {
	__int128 nano;
	enum quantity_format format;
};

#define QUANTITY_TEXT_MAX 64

int quantity_parse(const char *s, struct quantity *ret, struct err *err) MUST_CHECK;
/* Canonical text, e.g. 0.1 -> 100m, 1024Mi -> 1Gi. */
void quantity_format(const struct quantity *q, char out[QUANTITY_TEXT_MAX]);
int64_t quantity_value(const struct quantity *q); /* units, rounded up, saturated */
int64_t quantity_milli(const struct quantity *q); /* thousandths, rounded up, saturated */
int quantity_cmp(const struct quantity *a, const struct quantity *b);
void quantity_round_up_milli(struct quantity *q); /* to thousandths, away from zero */

#endif
