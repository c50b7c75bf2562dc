/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "admission/admission_metrics.h"
#include "base/clock.h"
#include "serve/metric.h"

#define ROW "apiserver_admission_controller_admission_duration_seconds"
#define STEP "apiserver_admission_step_admission_duration_seconds"

static void expect(const char *line)
{
	autobuf struct buf b = BUF_INIT;
	metric_write(&b);
	if (!strstr(buf_str(&b), line))
		fail_msg("no %s in %s", line, buf_str(&b));
}

/* Labels, buckets and stability as in kubernetes/apiserver pkg/admission/metrics. */
static void test_series(void **state)
{
	struct admission_metrics *m = admission_metrics_new();

	admission_metrics_row(m, "Priority", 4, ADMISSION_MUTATE, ADMIT_CREATE, false, 30 * NS_PER_MS);
	admission_metrics_row(m, "Priority", 5, ADMISSION_VALIDATE, ADMIT_UPDATE, true, 3 * NS_PER_S);
	admission_metrics_row(m, "Priority", 4, ADMISSION_MUTATE, ADMIT_CREATE, false, 1 * NS_PER_MS);
	admission_metrics_step(m, ADMISSION_VALIDATE, ADMIT_DELETE, false, 200 * NS_PER_MS);
	expect("# HELP " ROW " [STABLE] Admission controller latency");
	expect(ROW
	       "_bucket{name=\"Priority\",operation=\"CREATE\",rejected=\"false\",type=\"admit\",le=\"0.005\"} 1\n");
	expect(ROW
	       "_bucket{name=\"Priority\",operation=\"CREATE\",rejected=\"false\",type=\"admit\",le=\"0.1\"} 2\n");
	expect(ROW
	       "_bucket{name=\"Priority\",operation=\"UPDATE\",rejected=\"true\",type=\"validate\",le=\"2.5\"} 0\n");
	expect(ROW "_count{name=\"Priority\",operation=\"UPDATE\",rejected=\"true\",type=\"validate\"} 1\n");
	expect("# HELP " STEP " [STABLE] Admission sub-step latency");
	expect(STEP "_bucket{operation=\"DELETE\",rejected=\"false\",type=\"validate\",le=\"0.5\"} 1\n");
	expect(STEP "_bucket{operation=\"DELETE\",rejected=\"false\",type=\"validate\",le=\"0.1\"} 0\n");
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_series)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
