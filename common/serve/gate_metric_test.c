/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>
#include "base/gate.h"
#include "base/log.h"
#include "base/mem.h"
#include "serve/gate_metric.h"
#include "serve/metric.h"

static void test_page(void **state)
{
	struct err err = ERR_INIT;
	autobuf struct buf page = BUF_INIT;
	char log[4096];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(
		gate_say("ImageVolume=true,SidecarContainers=true,KMSv1=true,GracefulNodeShutdown=false",
			 &err),
		0);
	log_set_fd(ends[1]);
	gate_metric_report();
	log_set_fd(-1);
	close(ends[1]);
	ssize_t n = read(ends[0], log, sizeof(log) - 1);
	close(ends[0]);
	assert_true(n > 0);
	log[n] = '\0';
	assert_non_null(strstr(log, "\"setting GA feature gate: it will be removed in a future release\" "
				    "SidecarContainers=true\n"));
	assert_non_null(strstr(log, "\"setting deprecated feature gate: it will be removed in a future "
				    "release\" KMSv1=true\n"));
	assert_null(strstr(log, "ImageVolume"));
	metric_write(&page);
	static const char *const lines[] = {
		"kubernetes_feature_enabled{name=\"AllAlpha\",stage=\"ALPHA\"} 0\n",
		"kubernetes_feature_enabled{name=\"GracefulNodeShutdown\",stage=\"BETA\"} 0\n",
		"kubernetes_feature_enabled{name=\"ImageVolume\",stage=\"BETA\"} 1\n",
		"kubernetes_feature_enabled{name=\"KMSv1\",stage=\"DEPRECATED\"} 1\n",
		"kubernetes_feature_enabled{name=\"SidecarContainers\",stage=\"\"} 1\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_non_null(strstr(buf_str(&page), lines[i]));
	gate_forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_page)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
