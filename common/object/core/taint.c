/* SPDX-License-Identifier: Apache-2.0 */
/* See taint.h. */
#include "object/core/taint.h"

#include <string.h>

static const char *const effects_by_name[] = {
	[TAINT_ANY] = "",
	[TAINT_NO_SCHEDULE] = "NoSchedule",
	[TAINT_PREFER_NO_SCHEDULE] = "PreferNoSchedule",
	[TAINT_NO_EXECUTE] = "NoExecute",
};
static const char *const operators[] = {[TOLERATION_EQUAL] = "Equal", [TOLERATION_EXISTS] = "Exists"};

static const struct decode_row taint_rows[] = {
	DECODE_STRING("key", struct taint, key),
	DECODE_STRING("value", struct taint, value),
	DECODE_ENUM("effect", struct taint, effect, effects_by_name),
	DECODE_TIME("timeAdded", struct taint, added_ns),
};
static const struct taint taint_initial = {.key = "", .value = ""};
const struct decode_spec taint_spec = DECODE_SPEC(struct taint, taint_rows, .initial = &taint_initial);

static const struct decode_row toleration_rows[] = {
	DECODE_STRING("key", struct toleration, key),
	DECODE_STRING("value", struct toleration, value),
	DECODE_ENUM("operator", struct toleration, op, operators),
	DECODE_ENUM("effect", struct toleration, effect, effects_by_name),
	DECODE_INT64("tolerationSeconds", struct toleration, seconds),
};
static const struct toleration toleration_initial = {.key = "", .value = "", .seconds = TOLERATION_FOREVER};
const struct decode_spec toleration_spec =
	DECODE_SPEC(struct toleration, toleration_rows, .initial = &toleration_initial);

const char *taint_effect_name(enum taint_effect e)
{
	return effects_by_name[e];
}

bool taint_equal(const struct taint *a, const struct taint *b)
{
	return a->effect == b->effect && !strcmp(a->key, b->key) && !strcmp(a->value, b->value);
}

bool toleration_tolerates(const struct toleration *t, const struct taint *taint)
{
	if (t->effect != TAINT_ANY && t->effect != taint->effect)
		return false;
	if (*t->key && strcmp(t->key, taint->key))
		return false;
	return t->op == TOLERATION_EXISTS || (*t->key && !strcmp(t->value, taint->value));
}

const struct toleration *taint_tolerated(const struct taint *taint, const struct toleration *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (toleration_tolerates(&v[i], taint))
			return &v[i];
	return NULL;
}

const struct taint *taint_find_untolerated(const struct taint *taints, size_t n_taints,
					   const struct toleration *v, size_t n, unsigned effects)
{
	for (size_t i = 0; i < n_taints; i++)
		if (effects >> taints[i].effect & 1 && !taint_tolerated(&taints[i], v, n))
			return &taints[i];
	return NULL;
}
