/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feature gates: one table for all daemons (gate_table.h), upstream's names, stages and defaults. Every name that upstream
 * knows can be said; a few mean something here (README.md), which is where gate_enabled() is asked for them.
 *
 * They belong to the process. What is said comes with the flags, before there is a second thread; asking is for any thread.
 */
#ifndef BASE_GATE_H
#define BASE_GATE_H

#include <stdbool.h>
#include "base/err.h"
#include "base/gate_table.h"

enum gate {
#define GATE_NAME(name, stage, on, lock) GATE_##name,
	GATE_TABLE(GATE_NAME)
#undef GATE_NAME
		GATE_COUNT
};

enum gate_stage { GATE_ALPHA, GATE_BETA, GATE_GA, GATE_DEPRECATED };

struct gate_row {
	const char *name;
	enum gate_stage stage;
	bool on, locked; /* by default; and nothing else can be said */
};

const struct gate_row *gate_row(enum gate g);
/* "ALPHA", "BETA", "", "DEPRECATED", as metrics call it. */
const char *gate_stage_name(enum gate_stage s);

/* "Name=true,kube:Other=false": what is said later wins. On an error nothing of it counts. */
int gate_say(const char *text, struct err *err) MUST_CHECK;
void gate_forget(void); /* all that was said */
/* -1: nothing was said of it, else 0 or 1. */
int gate_said(enum gate g);
/* As it was said, else as AllAlpha or AllBeta say of its stage, else the default. */
bool gate_enabled(enum gate g);

#endif
