/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtimes of this room share beside runtime.h: how the end of an exec'd process is told. */
#ifndef RUNTIME_RUNTIME_INTERNAL_H
#define RUNTIME_RUNTIME_INTERNAL_H

#include "base/mem.h"
#include "runtime/runtime.h"

enum runtime_report_kind {
	RUNTIME_REPORT_FAILED = 1, /* could not be started; value: the OCI runtime's exit code */
	RUNTIME_REPORT_STARTED,	   /* value: pid */
	RUNTIME_REPORT_ENDED,	   /* value: exit code */
};
/* One packet on runtime_stream.status. */
struct runtime_report {
	int kind, value;
};

#endif
