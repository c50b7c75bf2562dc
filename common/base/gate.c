/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See gate.h (kubernetes/kubernetes staging/src/k8s.io/component-base/featuregate, component-base/compatibility).
 *
 * Only what was said is kept; AllAlpha and AllBeta are looked up when a gate is asked for, so that the order in which
 * things are said does not matter.
 */
#include "base/gate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/faults.h"
#include "base/flags.h"
#include "base/mem.h"

#define COMPONENT "kube"
enum { FREE, LOCKED };

static const struct gate_row rows[GATE_COUNT] = {
#define GATE_ROW(name, stage, on, lock) [GATE_##name] = {#name, GATE_##stage, on, lock == LOCKED},
	GATE_TABLE(GATE_ROW)
#undef GATE_ROW
};

struct said {
	signed char value[GATE_COUNT]; /* 0 = nothing, 1 = false, 2 = true */
};
static struct said now;

const struct gate_row *gate_row(enum gate g)
{
	return &rows[g];
}

const char *gate_stage_name(enum gate_stage s)
{
	static const char *const names[] = {[GATE_ALPHA] = "ALPHA",
					    [GATE_BETA] = "BETA",
					    [GATE_GA] = "",
					    [GATE_DEPRECATED] = "DEPRECATED"};

	return names[s];
}

static int by_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct gate_row *)row)->name);
}

static const struct gate_row *find(const char *name)
{
	return bsearch(name, rows, GATE_COUNT, sizeof(rows[0]), by_name);
}

/* ---- what is said ---- */

static char *trim(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	for (size_t n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

static void say(const char *name, bool value, struct said *ret, struct faults *f)
{
	const struct gate_row *r = find(name);

	if (!r)
		faults_add(f, "unrecognized feature gate: %s", name);
	else if (r->locked && r->on != value)
		faults_add(f, "cannot set feature gate %s to %s, feature is locked to %s", name,
			   value ? "true" : "false", r->on ? "true" : "false");
	else
		ret->value[r - rows] = value ? 2 : 1;
}

/* The part after the component; NULL: it is somebody else's. *prefixed counts those that name ours. */
static char *own(char *pair, size_t *prefixed, struct err *err)
{
	char *colon = strchr(pair, ':');

	if (!colon)
		return pair;
	*colon = '\0';
	pair = trim(pair);
	if (*pair && strcmp(pair, COMPONENT) != 0) {
		err_set(err, REASON_BAD_REQUEST, "component not registered: %s", pair);
		return NULL;
	}
	*prefixed += *pair != '\0';
	return colon + 1;
}

static int say_pair(char *pair, struct said *ret, struct faults *f, struct err *err)
{
	struct err why = ERR_INIT;
	char *equals = strchr(pair, '='), *value = equals ? equals + 1 : NULL;
	bool on;

	if (equals)
		*equals = '\0';
	pair = trim(pair);
	if (!value)
		return err_set(err, REASON_BAD_REQUEST, "missing bool value for %s", pair);
	value = trim(value);
	if (flags_bool(value, &on, &why) < 0)
		return err_set(err, REASON_BAD_REQUEST, "invalid value of %s=%s, err: %s", pair, value,
			       why.msg);
	say(pair, on, ret, f);
	return 0;
}

int gate_say(const char *text, struct err *err)
{
	autofree char *copy = mem_strdup(text);
	autofaults struct faults f = {.n = 0};
	struct said next = now;
	size_t pairs = 0, prefixed = 0;
	char *save = NULL;

	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save), pairs++) {
		p = own(p, &prefixed, err);
		if (!p || say_pair(p, &next, &f, err) < 0)
			return -1;
	}
	if (prefixed && prefixed != pairs)
		return err_set(
			err, REASON_BAD_REQUEST,
			"set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use");
	if (faults_end(&f, REASON_BAD_REQUEST, "", true, err) < 0)
		return -1;
	now = next;
	return 0;
}

void gate_forget(void)
{
	now = (struct said){{0}};
}

/* ---- what holds ---- */

int gate_said(enum gate g)
{
	return now.value[g] - 1;
}

bool gate_enabled(enum gate g)
{
	static const int all[] = {[GATE_ALPHA] = GATE_AllAlpha, [GATE_BETA] = GATE_AllBeta};
	const struct gate_row *r = &rows[g];

	if (now.value[g])
		return now.value[g] == 2;
	if (r->stage <= GATE_BETA && now.value[all[r->stage]])
		return now.value[all[r->stage]] == 2;
	return r->on;
}
