/* SPDX-License-Identifier: Apache-2.0 */
/* What the resources of a Pod and of its containers are when only limits are said (TestPodResourcesDefaults of
   pkg/apis/core/v1/defaults_test.go), as created_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/created_test.h"

static void created(void **state)
{
	static const struct created_row rows[] = {
		{"", "Pod", "{'spec':{'containers':[{'name':'c','image':'i'},{'name':'d','image':'i'}]}}",
		 CONTAINER("spec.containers[0].") CONTAINER("spec.containers[1].") POD_OF("", "BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'2m',"
		 "'memory':'1Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'memory':'5Mi'}}}]}}",
		 "spec.containers[0].resources.requests.cpu='2m'; "
		 "spec.containers[0].resources.requests.memory='1Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.memory='5Mi'; " MESSAGES(
							"spec.containers[1].") POD_OF("", "Guaranteed")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'2m',"
		 "'memory':'1Mi'}}},{'name':'d','image':'i','resources':{'requests':{'cpu':'1m',"
		 "'memory':'5Mi'}}}]}}",
		 MESSAGES("spec.containers[0].") MESSAGES("spec.containers[1].") POD_OF("", "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1m',"
		 "'memory':'1Mi'},'limits':{'cpu':'2m','memory':'1Mi'}}},{'name':'d','image':'i',"
		 "'resources':{'requests':{'cpu':'1m','memory':'1Mi'},'limits':{'cpu':'1m',"
		 "'memory':'5Mi'}}}]}}",
		 MESSAGES("spec.containers[0].") MESSAGES("spec.containers[1].") POD_OF("", "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i'},{'name':'d','image':'i'}],"
		 "'resources':{'limits':{'cpu':'2m','memory':'1Mi'}}}}",
		 CONTAINER("spec.containers[0].") CONTAINER("spec.containers[1].")
			 POD_OF("spec.resources.requests.cpu='2m'; "
				"spec.resources.requests.memory='1Mi'; ",
				"Guaranteed")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'2m',"
		 "'memory':'1Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'memory':'5Mi'}}}],'resources':{}}}",
		 "spec.containers[0].resources.requests.cpu='2m'; "
		 "spec.containers[0].resources.requests.memory='1Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.memory='5Mi'; " MESSAGES(
							"spec.containers[1].") POD_OF("", "BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'2m',"
		 "'memory':'1Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'memory':'5Mi'}}}],'resources':{'limits':{}}}}",
		 "spec.containers[0].resources.requests.cpu='2m'; "
		 "spec.containers[0].resources.requests.memory='1Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.memory='5Mi'; " MESSAGES(
							"spec.containers[1].")
							POD_OF("spec.resources.limits=; ", "BestEffort")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'2m',"
		 "'memory':'1Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'memory':'5Mi'}}}],'resources':{'limits':{'cpu':'5m','memory':'7Mi'},'requests':{}}}}",
		 "spec.containers[0].resources.requests.cpu='2m'; "
		 "spec.containers[0].resources.requests.memory='1Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.memory='5Mi'; " MESSAGES(
							"spec.containers[1].")
							POD_OF("spec.resources.requests.cpu='3m'; "
							       "spec.resources.requests.memory='6Mi'; ",
							       "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'2m',"
		 "'memory':'1Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'memory':'5Mi'}}}],'resources':{'limits':{'cpu':'5m','memory':'7Mi'}}}}",
		 "spec.containers[0].resources.requests.cpu='2m'; "
		 "spec.containers[0].resources.requests.memory='1Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.memory='5Mi'; " MESSAGES(
							"spec.containers[1].")
							POD_OF("spec.resources.requests.cpu='3m'; "
							       "spec.resources.requests.memory='6Mi'; ",
							       "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1m',"
		 "'memory':'1Mi'}}},{'name':'d','image':'i','resources':{'requests':{'cpu':'1m',"
		 "'memory':'2Mi'}}}],'resources':{'limits':{'cpu':'4m','memory':'8Mi'}}}}",
		 MESSAGES("spec.containers[0].") MESSAGES("spec.containers[1].")
			 POD_OF("spec.resources.requests.cpu='2m'; "
				"spec.resources.requests.memory='3Mi'; ",
				"Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i'},{'name':'d','image':'i'}],"
		 "'resources':{'limits':{'cpu':'4m'}}}}",
		 CONTAINER("spec.containers[0].") CONTAINER("spec.containers[1].")
			 POD_OF("spec.resources.requests.cpu='4m'; ", "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1m',"
		 "'memory':'1Mi'},'limits':{'cpu':'2m','memory':'1Mi'}}},{'name':'d','image':'i',"
		 "'resources':{'requests':{'cpu':'1m','memory':'2Mi'},'limits':{'cpu':'1m','memory':'5Mi'}}}],"
		 "'resources':{'limits':{'cpu':'4m','memory':'8Mi'}}}}",
		 MESSAGES("spec.containers[0].") MESSAGES("spec.containers[1].")
			 POD_OF("spec.resources.requests.cpu='2m'; "
				"spec.resources.requests.memory='3Mi'; ",
				"Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'memory':'1Mi'}}},"
		 "{'name':'d','image':'i','resources':{'requests':{'memory':'5Mi'}}}],"
		 "'resources':{'limits':{'cpu':'4m','memory':'8Mi'}}}}",
		 MESSAGES("spec.containers[0].") MESSAGES("spec.containers[1].")
			 POD_OF("spec.resources.requests.memory='6Mi'; "
				"spec.resources.requests.cpu='4m'; ",
				"Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i'},{'name':'d','image':'i',"
		 "'resources':{'limits':{'ephemeral-storage':'5Mi'}}}],'resources':{'limits':{'cpu':'2m',"
		 "'memory':'1Mi'}}}}",
		 CONTAINER("spec.containers[0].") "spec.containers[1].resources.requests.ephemeral-storage='5Mi'; " MESSAGES(
			 "spec.containers[1].") POD_OF("spec.resources.requests.cpu='2m'; "
						       "spec.resources.requests.memory='1Mi'; ",
						       "Guaranteed")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-2Mi':'2Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-2Mi':'4Mi'}}}],'resources':{'limits':{'cpu':'2m'}}}}",
		 "spec.containers[0].resources.requests.cpu='1m'; "
		 "spec.containers[0].resources.requests.hugepages-2Mi='2Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.hugepages-2Mi='4Mi'; " MESSAGES(
							"spec.containers[1].")
							POD_OF("spec.resources.limits.hugepages-2Mi='6Mi'; "
							       "spec.resources.requests.cpu='2m'; "
							       "spec.resources.requests.hugepages-2Mi='6Mi'; ",
							       "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-2Mi':'2Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-2Mi':'4Mi'}}}],'resources':{'requests':{'cpu':'2m'}}}}",
		 "spec.containers[0].resources.requests.cpu='1m'; "
		 "spec.containers[0].resources.requests.hugepages-2Mi='2Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.hugepages-2Mi='4Mi'; " MESSAGES(
							"spec.containers[1].")
							POD_OF("spec.resources.requests.hugepages-2Mi='6Mi'; "
							       "spec.resources.limits.hugepages-2Mi='6Mi'; ",
							       "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-2Mi':'2Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-2Mi':'4Mi'}}}],'resources':{'limits':{'cpu':'5m','hugepages-2Mi':'10Mi'}}}}",
		 "spec.containers[0].resources.requests.cpu='1m'; "
		 "spec.containers[0].resources.requests.hugepages-2Mi='2Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.hugepages-2Mi='4Mi'; " MESSAGES(
							"spec.containers[1].")
							POD_OF("spec.resources.requests.cpu='2m'; "
							       "spec.resources.requests.hugepages-2Mi='10Mi'; ",
							       "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-2Mi':'2Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-2Mi':'4Mi'}}}],'resources':{'limits':{'cpu':'5m','hugepages-2Mi':'10Mi'},"
		 "'requests':{'hugepages-2Mi':'10Mi','cpu':'5m'}}}}",
		 "spec.containers[0].resources.requests.cpu='1m'; "
		 "spec.containers[0].resources.requests.hugepages-2Mi='2Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.hugepages-2Mi='4Mi'; " MESSAGES(
							"spec.containers[1].") POD_OF("", "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i'},{'name':'d','image':'i'}],"
		 "'resources':{'limits':{'cpu':'5m','hugepages-2Mi':'10Mi'},"
		 "'requests':{'hugepages-2Mi':'10Mi','cpu':'5m'}}}}",
		 CONTAINER("spec.containers[0].") CONTAINER("spec.containers[1].") POD_OF("", "Burstable")},
		{"", "Pod",
		 "{'spec':{'containers':[{'name':'c','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-2Mi':'2Mi'}}},{'name':'d','image':'i','resources':{'limits':{'cpu':'1m',"
		 "'hugepages-1Gi':'1Gi'}}}],'resources':{'limits':{'cpu':'5m','hugepages-2Mi':'10Mi'}}}}",
		 "spec.containers[0].resources.requests.cpu='1m'; "
		 "spec.containers[0].resources.requests.hugepages-2Mi='2Mi'; " MESSAGES(
			 "spec.containers[0].") "spec.containers[1].resources.requests.cpu='1m'; "
						"spec.containers[1].resources.requests.hugepages-1Gi='1Gi'; " MESSAGES(
							"spec.containers[1].")
							POD_OF("spec.resources.limits.hugepages-1Gi='1Gi'; "
							       "spec.resources.requests.cpu='2m'; "
							       "spec.resources.requests.hugepages-2Mi='10Mi'; "
							       "spec.resources.requests.hugepages-1Gi='1Gi'; ",
							       "Burstable")},
	};

	created_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(created)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
