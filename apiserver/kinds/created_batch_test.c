/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs, CronJobs and HorizontalPodAutoscalers, as created_test.c. Their selector is their own: what is made of a uid is job_test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/created_test.h"

/* A Job with the least, not closed yet; what every Job's Pods get; what one gets that says nothing of how many. */
#define JOB "{'spec':{'manualSelector':true," SELECTOR "," ENDING
#define JOB_PODS CONTAINER("spec.template.spec.containers[0].") SPEC_OF_ONCE("spec.template.spec.")
#define ONE_POD                                                                                              \
	"spec.completions=1; spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; "
#define REPLACES "spec.podReplacementPolicy='TerminatingOrFailed'; "
/* What an autoscaler gets that says nothing of how it grows. */
#define GROWS                                                                                                \
	"spec.minReplicas=1; spec.metrics=[{'type':'Resource','resource':{'name':'cpu',"                     \
	"'target':{'type':'Utilization','averageUtilization':80}}}]; "                                       \
	"spec.behavior.scaleUp.stabilizationWindowSeconds=0; "                                               \
	"spec.behavior.scaleUp.selectPolicy='Max'; "                                                         \
	"spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},"                      \
	"{'type':'Percent','value':100,'periodSeconds':15}]; "
#define RUNS "spec.suspend=false; " REPLACES

static void created(void **state)
{
	static const struct created_row rows[] = {
		{"batch", "Job",
		 JOB ",'podFailurePolicy':{'rules':[{'action':'FailJob','onPodConditions':[{'type':'X'},"
		     "{'type':'Y','status':'False'},{'type':'Z','status':'Unknown'}]},{'action':'Ignore',"
		     "'onPodConditions':[{'type':'X','status':'True'}]}]}}}",
		 "spec.podFailurePolicy.rules[0].onPodConditions[0].status='True'; " JOB_PODS ONE_POD
		 "spec.suspend=false; spec.podReplacementPolicy='Failed'; status={}; "},
		{"batch", "Job",
		 JOB ",'podFailurePolicy':{'rules':[{'action':'FailJob','onExitCodes':{'operator':'NotIn',"
		     "'values':[1]}}]}}}",
		 JOB_PODS ONE_POD "spec.suspend=false; spec.podReplacementPolicy='Failed'; status={}; "},
		{"batch", "Job", JOB "}}", JOB_PODS ONE_POD RUNS "status={}; "},
		{"batch", "Job", JOB ",'suspend':true}}", JOB_PODS ONE_POD REPLACES "status={}; "},
		{"batch", "Job", JOB ",'parallelism':0}}",
		 JOB_PODS "spec.backoffLimit=6; spec.completionMode='NonIndexed'; " RUNS "status={}; "},
		{"batch", "Job", JOB ",'parallelism':2}}",
		 JOB_PODS "spec.backoffLimit=6; spec.completionMode='NonIndexed'; " RUNS "status={}; "},
		{"batch", "Job", JOB ",'completions':2}}",
		 JOB_PODS "spec.parallelism=1; spec.backoffLimit=6; spec.completionMode='NonIndexed'; " RUNS
			  "status={}; "},
		{"batch", "Job", JOB ",'backoffLimit':5}}",
		 JOB_PODS "spec.completions=1; spec.parallelism=1; spec.completionMode='NonIndexed'; " RUNS
			  "status={}; "},
		{"batch", "Job",
		 JOB ",'completions':8,'parallelism':9,'backoffLimit':10,'completionMode':'NonIndexed',"
		     "'suspend':false,'podReplacementPolicy':'TerminatingOrFailed'}}",
		 JOB_PODS "status={}; "},
		{"batch", "Job",
		 JOB ",'completions':11,'parallelism':10,'backoffLimit':9,'completionMode':'Indexed',"
		     "'suspend':true,'podReplacementPolicy':'Failed'}}",
		 JOB_PODS "status={}; "},
		{"batch", "Job",
		 JOB ",'completions':11,'parallelism':10,'backoffLimitPerIndex':1,"
		     "'completionMode':'Indexed','suspend':true}}",
		 JOB_PODS "spec.backoffLimit=2147483647; " REPLACES "status={}; "},
		{"batch", "Job",
		 JOB ",'completions':11,'parallelism':10,'backoffLimitPerIndex':1,'backoffLimit':3,"
		     "'completionMode':'Indexed'}}",
		 JOB_PODS RUNS "status={}; "},
		{"batch", "Job", JOB ",'managedBy':'a.b/c'}}", JOB_PODS ONE_POD RUNS "status={}; "},
		{"batch", "Job",
		 JOB ",'successPolicy':{'rules':[{'succeededCount':1}]},'completionMode':'Indexed',"
		     "'completions':2}}",
		 JOB_PODS "spec.parallelism=1; spec.backoffLimit=6; " RUNS "status={}; "},
		{"batch", "Job", JOB ",'ttlSecondsAfterFinished':0,'activeDeadlineSeconds':1}}",
		 JOB_PODS ONE_POD RUNS "status={}; "},
		{"batch", "Job",
		 JOB ",'backoffLimitPerIndex':1,'maxFailedIndexes':1,'completionMode':'Indexed',"
		     "'completions':2}}",
		 JOB_PODS "spec.parallelism=1; spec.backoffLimit=2147483647; " RUNS "status={}; "},
		{"batch", "Job", JOB "},'status':{'active':3,'startTime':'2024-01-01T00:00:00Z'}}",
		 JOB_PODS ONE_POD RUNS "status.active=; status.startTime=; "},
		{"batch", "CronJob",
		 "{'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" ENDING
		 ",'parallelism':2,'podFailurePolicy':{'rules':[{'action':'Ignore',"
		 "'onPodConditions':[{'type':'X'}]}]}}}},"
		 "'status':{'lastScheduleTime':'2024-01-01T00:00:00Z'}}",
		 "spec.concurrencyPolicy='Allow'; spec.suspend=false; spec.jobTemplate.metadata={}; "
		 "spec.jobTemplate.spec.podFailurePolicy.rules[0].onPodConditions[0].status='True'; " CONTAINER(
			 "spec.jobTemplate.spec.template.spec.containers[0].")
			 SPEC_OF_ONCE(
				 "spec.jobTemplate.spec.template.spec.") "spec.successfulJobsHistoryLimit=3; spec.failedJobsHistoryLimit=1; "
									 "status.lastScheduleTime=; "},
		{"batch", "CronJob",
		 "{'spec':{'schedule':'* * * * *','jobTemplate':{'spec':{" ENDING
		 ",'parallelism':2,'podFailurePolicy':{'rules':[{'action':'Ignore',"
		 "'onPodConditions':[{'type':'X'}]}]}}},'suspend':true,'concurrencyPolicy':'Replace',"
		 "'successfulJobsHistoryLimit':5,'failedJobsHistoryLimit':0},"
		 "'status':{'lastScheduleTime':'2024-01-01T00:00:00Z'}}",
		 "spec.jobTemplate.metadata={}; "
		 "spec.jobTemplate.spec.podFailurePolicy.rules[0].onPodConditions[0].status='True'; " CONTAINER(
			 "spec.jobTemplate.spec.template.spec.containers[0].")
			 SPEC_OF_ONCE("spec.jobTemplate.spec.template.spec.") "status.lastScheduleTime=; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleDown':{'stabilizationWindowSeconds':25,"
		 "'selectPolicy':'Max','policies':[{'type':'Pods','value':1,'periodSeconds':2},"
		 "{'type':'Percent','value':3,'periodSeconds':4}]}}}}",
		 GROWS "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleDown':{'selectPolicy':'Min',"
		 "'policies':[{'type':'Percent','value':1,'periodSeconds':2}]}}}}",
		 GROWS "status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleDown':{'policies':[{'type':'Pods','value':3,"
		 "'periodSeconds':4}]}}}}",
		 GROWS "spec.behavior.scaleDown.selectPolicy='Max'; status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{'selectPolicy':'Disabled',"
		 "'policies':[{'type':'Pods','value':1,'periodSeconds':2}]}}}}",
		 "spec.minReplicas=1; spec.metrics=[{'type':'Resource','resource':{'name':'cpu',"
		 "'target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,"
		 "'periodSeconds':15}]; status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{'policies':[{'type':'Percent','value':7,"
		 "'periodSeconds':10}]}}}}",
		 "spec.minReplicas=1; spec.metrics=[{'type':'Resource','resource':{'name':'cpu',"
		 "'target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.stabilizationWindowSeconds=0; "
		 "spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,"
		 "'periodSeconds':15}]; status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{'stabilizationWindowSeconds':25,"
		 "'policies':[{'type':'Pods','value':4,'periodSeconds':2}]}}}}",
		 "spec.minReplicas=1; spec.metrics=[{'type':'Resource','resource':{'name':'cpu',"
		 "'target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,"
		 "'periodSeconds':15}]; status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'behavior':{'scaleUp':{'stabilizationWindowSeconds':100,"
		 "'tolerance':'0.5'}}}}",
		 "spec.minReplicas=1; spec.metrics=[{'type':'Resource','resource':{'name':'cpu',"
		 "'target':{'type':'Utilization','averageUtilization':80}}}]; "
		 "spec.behavior.scaleUp.selectPolicy='Max'; "
		 "spec.behavior.scaleUp.policies=[{'type':'Pods','value':4,'periodSeconds':15},"
		 "{'type':'Percent','value':100,'periodSeconds':15}]; "
		 "spec.behavior.scaleUp.tolerance=; spec.behavior.scaleDown.selectPolicy='Max'; "
		 "spec.behavior.scaleDown.policies=[{'type':'Percent','value':100,"
		 "'periodSeconds':15}]; status.desiredReplicas=0; "},
		{"autoscaling", "HorizontalPodAutoscaler",
		 "{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'},"
		 "'maxReplicas':3,'metrics':[{'type':'Resource','resource':{'name':'memory',"
		 "'target':{'type':'Utilization','averageUtilization':5}}}]},"
		 "'status':{'desiredReplicas':4}}",
		 "spec.minReplicas=1; status.desiredReplicas=0; "},
	};

	created_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(created)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
