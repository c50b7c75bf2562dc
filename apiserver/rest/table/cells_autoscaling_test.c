/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get` shows of autoscalers. */
#include "rest/table/cells_rig_test.h"

#define SPEC(metrics)                                                                                                   \
	"'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d'},'minReplicas':1,'maxReplicas':3,'metrics':[" metrics \
	"]}"
#define CPU                                                                                                  \
	"{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}"
#define POD "{'type':'Pods','pods':{'metric':{'name':'m'},'target':{'averageValue':'5'}}}"
#define ROW(object, targets)                                                                                 \
	{                                                                                                    \
		"autoscaling", "HorizontalPodAutoscaler", "{" META "," object "}",                           \
			"'x','Deployment/d','" targets "','1',3,0,'4m5s'"                                    \
	}

static const struct cells_case rows[] = {
	ROW(SPEC(CPU), "cpu: <unknown>/80%"),
	ROW(SPEC(CPU) ",'status':{'currentMetrics':[{'type':'Resource','resource':{'name':'cpu','current':{'averageUtilization':7}}}]}",
	    "cpu: 7%/80%"),
	ROW(SPEC("{'type':'ContainerResource','containerResource':{'name':'memory','target':{'averageValue':'1Gi'}}}") ",'status':{'currentMetrics':[{'containerResource':{'current':{'averageValue':'5Mi'}}}]}",
	    "memory: 5Mi/1Gi"),
	ROW(SPEC("{'type':'External','external':{'target':{'averageValue':'3'}}},{'type':'Object','object':{'target':{'value':'4'}}}") ",'status':{'currentMetrics':[{'external':{'current':{'averageValue':'2'}}},{'object':{'current':{'value':'9'}}}]}",
	    "2/3 (avg), 9/4"),
	ROW(SPEC(POD
		 ",{'type':'External','external':{'target':{}}}") ",'status':{'currentMetrics':[{'pods':{}},{'external':{}}]}",
	    "<nil>/5, <nil>/<nil>"),
	ROW(SPEC(CPU "," POD "," POD "," POD), "cpu: <unknown>/80%, <unknown>/5 + 2 more..."),
	{"autoscaling", "HorizontalPodAutoscaler",
	 "{" META
	 ",'spec':{'scaleTargetRef':{'kind':'A','name':'b'},'maxReplicas':2},'status':{'currentReplicas':7}}",
	 "'x','A/b','<none>','<unset>',2,7,'4m5s'"},
};

static void test_rows(void **state)
{
	cells_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
	return cmocka_run_group_tests(tests, cells_load, cells_unload);
}
