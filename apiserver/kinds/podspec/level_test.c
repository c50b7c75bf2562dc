/* SPDX-License-Identifier: Apache-2.0 */
/* What a Pod's own resources become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/podspec/podspec_internal.h"
#include "object/json_test.h"

#define C(requests) "{'resources':{'requests':{" requests "}}}"
#define SIDECAR(requests) "{'restartPolicy':'Always','resources':{'requests':{" requests "}}}"
#define HUGE(limits) "{'resources':{'limits':{" limits "}}}"

static void rows(void **state)
{
	static const struct {
		const char *resources, *containers, *inits, *want;
	} rows[] = {
		{"{}", C("'cpu':'1'"), "", "{}"},
		{"{'requests':{'cpu':'5'}}", C("'cpu':'1','memory':'1Gi'"), "", "{'requests':{'cpu':'5'}}"},
		{"{'limits':{'cpu':'5'}}", "{}", "", "{'limits':{'cpu':'5'},'requests':{'cpu':'5'}}"},
		{"{'limits':{'cpu':'5'}}",
		 C("'cpu':'1500m','memory':'1Gi','ephemeral-storage':'1'") "," C("'cpu':'1'"), "",
		 "{'limits':{'cpu':'5'},'requests':{'cpu':'2500m','memory':'1Gi'}}"},
		{"{'limits':{'cpu':'9','memory':'9Gi'},'requests':{'cpu':'4'}}",
		 C("'cpu':'1','memory':'1Gi'"), "",
		 "{'limits':{'cpu':'9','memory':'9Gi'},'requests':{'cpu':'4','memory':'1Gi'}}"},
		/* the start needs more than the run, with the sidecar that is there already */
		{"{'limits':{'cpu':'9'}}", C("'cpu':'1'"),
		 SIDECAR("'cpu':'1'") "," C("'cpu':'5'") "," C("'cpu':'2'"),
		 "{'limits':{'cpu':'9'},'requests':{'cpu':'6'}}"},
		{"{'limits':{'cpu':'9'}}", C("'cpu':'3'"), C("'cpu':'3'") "," SIDECAR("'cpu':'1'"),
		 "{'limits':{'cpu':'9'},'requests':{'cpu':'4'}}"},
		{"{'limits':{'cpu':'9'}}",
		 HUGE("'hugepages-2Mi':'4Mi','memory':'1'") "," HUGE("'hugepages-2Mi':'2Mi'"), "",
		 "{'limits':{'cpu':'9','hugepages-2Mi':'6Mi'},'requests':{'cpu':'9','hugepages-2Mi':'6Mi'}}"},
		{"{'requests':{'hugepages-2Mi':'4Mi'}}", HUGE("'hugepages-2Mi':'4Mi'"), "",
		 "{'requests':{'hugepages-2Mi':'4Mi'}}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autofree char *text = mem_printf("{'resources':%s,'containers':[%s],'initContainers':[%s]}",
						 rows[i].resources, rows[i].containers, rows[i].inits);
		const char *in = JSON(text), *out = JSON(rows[i].want);
		autojson js *spec = js_parse(in, strlen(in), NULL, &err),
			    *want = js_parse(out, strlen(out), NULL, &err);
		podspec_default_level(spec);
		podspec_default_level(spec); /* which changes nothing more */
		autobuf struct buf got = BUF_INIT;
		js_write(&got, js_field(spec, "resources"));
		if (!js_equal(js_field(spec, "resources"), want))
			fail_msg("%s: %s", text, buf_str(&got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
