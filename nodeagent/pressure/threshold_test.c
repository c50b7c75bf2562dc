/* SPDX-License-Identifier: Apache-2.0 */
/* After upstream's cases (pkg/kubelet/eviction/helpers_test.go TestParseThresholdConfig). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "pressure/threshold.h"

/* "SIGNAL<VALUE~GRACEs+RECLAIM;" of each */
static void write(struct buf *out, const struct thresholds *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct threshold *v = &t->v[i];
		buf_addf(out, "%s<%lld", threshold_signal_names[v->signal],
			 (long long)threshold_quantity(&v->value, 1000));
		if (v->grace_ns)
			buf_addf(out, "~%llds", (long long)(v->grace_ns / NS_PER_S));
		if (v->reclaim.percent || v->reclaim.value)
			buf_addf(out, "+%lld", (long long)threshold_quantity(&v->reclaim, 1000));
		buf_addc(out, ';');
	}
}

static void test_parse(void **state)
{
	static const struct {
		struct threshold_config c;
		const char *want, *error; /* one of them */
	} rows[] = {
		{{.hard = "memory.available<150"}, "memory.available<150;", NULL},
		{{.hard = "memory.available<10%,imagefs.inodesFree<50%"},
		 "memory.available<100;imagefs.inodesFree<500;",
		 NULL},
		{{.hard = ""}, "", NULL},
		{{.hard = NULL},
		 "imagefs.available<150;imagefs.inodesFree<50;memory.available<104857600;nodefs.available<100;"
		 "nodefs.inodesFree<50;",
		 NULL},
		{{.hard = "memory.available<1Ki", .merge_defaults = true},
		 "memory.available<1024;imagefs.available<150;imagefs.inodesFree<50;nodefs.available<100;"
		 "nodefs.inodesFree<50;",
		 NULL},
		{{.hard = "memory.available<1Ki,nodefs.available<0%,nodefs.inodesFree<100%,imagefs.available<0%,"
			  "imagefs.inodesFree<0%",
		  .merge_defaults = true},
		 "memory.available<1024;",
		 NULL},
		{{.hard = "memory.available<150", .enforce_pods = true},
		 "memory.available<150;allocatableMemory.available<150;",
		 NULL},
		{{.hard = "pid.available<2k",
		  .soft = "memory.available<300,nodefs.available<15%",
		  .grace = "memory.available=30s,nodefs.available=1m30s,imagefs.available=5s",
		  .reclaim = "memory.available=20,nodefs.available=5%,pid.available=1",
		  .enforce_pods = true},
		 "pid.available<2000+1;memory.available<300~30s+20;nodefs.available<150~90s+50;",
		 NULL},
		{{.hard = "containerfs.available<5%"}, "", NULL},
		{{.hard = "mem.available<150"}, NULL, "unsupported eviction signal mem.available"},
		{{.hard = "memory.available>150"},
		 NULL,
		 "invalid eviction statement \"memory.available>150\""},
		{{.hard = "memory.available<-150"},
		 NULL,
		 "eviction threshold memory.available must be positive: -150"},
		{{.hard = "memory.available<0"}, NULL, "must be positive: 0"},
		{{.hard = "memory.available<-15%"}, NULL, "must be >= 0%: -15%"},
		{{.hard = "memory.available<115%"}, NULL, "must be <= 100%: 115%"},
		{{.hard = "memory.available<10%%"}, NULL, "invalid percentage"},
		{{.hard = "memory.available<nan%"}, NULL, "invalid percentage"},
		{{.hard = "memory.available<1,memory.available<2"}, NULL, "duplicate eviction threshold"},
		{{.hard = "memory.available<much"}, NULL, "quantit"},
		{{.soft = "memory.available<150"},
		 NULL,
		 "grace period must be specified for the soft eviction threshold memory.available"},
		{{.soft = "memory.available<150", .grace = "memory.available=-30s"},
		 NULL,
		 "invalid eviction grace period specified: -30s, must be a positive value"},
		{{.soft = "memory.available<150", .grace = "memory.available=soon"},
		 NULL,
		 "time: invalid duration"},
		{{.reclaim = "memory.available=-5"},
		 NULL,
		 "negative eviction minimum reclaim specified for memory.available"},
		{{.reclaim = "memory.available=0%"}, NULL, "negative eviction minimum reclaim"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct thresholds t;
		autobuf struct buf got = BUF_INIT;
		bool ok = threshold_parse(&rows[i].c, &t, &err) == 0;
		if (ok)
			write(&got, &t);
		if (rows[i].error ? ok || !strstr(err.msg, rows[i].error)
				  : !ok || strcmp(buf_str(&got), rows[i].want) != 0)
			fail_msg("row %zu: %s\n%s", i, buf_str(&got), err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
