/* SPDX-License-Identifier: Apache-2.0 */
/* Upstream's own stories of server-side apply (test/integration/apiserver/apply), those that no other test here tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rest/verb/story_test.h"

#define CMS "/api/v1/namespaces/default/configmaps"
#define DEPLOYS "/apis/apps/v1/namespaces/default/deployments"
#define PODS "/api/v1/namespaces/default/pods"

#define CM(meta, rest)                                                                                       \
	"{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a','namespace':'default'" meta "}" rest "}"
#define DEPLOY(meta, spec, pod, container)                                                                   \
	"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d'" meta "},'spec':{" spec          \
	"'selector':{'matchLabels':{'app':'nginx'}},'template':{'metadata':{'labels':{'app':'nginx'}},"      \
	"'spec':{" pod "'containers':[{'image':'nginx:latest'," container "}]}}}}"
#define NGINX "'name':'nginx'"

/* TestApplyManagedFields, TestApplyRemovesEmptyManagedFields, TestApplyRequiresFieldManager */
STORY(managers_are_grouped,
      {"apply", CMS "/a?fieldManager=apply_test",
       CM(",'labels':{'test-label':'test'}", ",'data':{'key':'value'}"), 201, NULL, NULL},
      {"merge", CMS "/a?fieldManager=updater", "{'data':{'new-key':'value'}}", 200, NULL, NULL},
      {"merge", CMS "/a?fieldManager=updater", "{'data':{'key':'new value'}}", 200,
       "apply_test Apply v1 {'f:metadata':{'f:labels':{'f:test-label':{}}}}; updater Update v1 {'f:data':{'f:key':{},'f:new-key':{}}}",
       NULL},
      {"DELETE", CMS "/a", NULL, 200, NULL, NULL}, {"apply", CMS "/a", CM("", ""), 422, NULL, NULL},
      {"apply", CMS "/a?fieldManager=apply_test", CM("", ""), 201, "", NULL},
      {"apply", CMS "/a?fieldManager=apply_test", CM("", ""), 200, "", NULL},
      {"GET", CMS "/a", NULL, 200, "", NULL}, {"DELETE", CMS "/a", NULL, 200, NULL, NULL})

/* TestApplyUpdateApplyConflictForced */
STORY(force_takes_back,
      {"apply", DEPLOYS "/d?fieldManager=apply_test", DEPLOY("", "'replicas':3,", "", NGINX), 201, NULL,
       NULL},
      {"merge", DEPLOYS "/d", "{'spec':{'replicas':5}}", 200, NULL, NULL},
      {"apply", DEPLOYS "/d?fieldManager=apply_test", DEPLOY("", "'replicas':3,", "", NGINX), 409, NULL,
       "using apps/v1: .spec.replicas"},
      {"apply", DEPLOYS "/d?fieldManager=apply_test&force=true", DEPLOY("", "'replicas':3,", "", NGINX), 200,
       NULL, "'replicas':3,"},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL})

/* TestApplyRemoveContainerPort, TestApplyFailsWithVersionMismatch */
STORY(ports_go,
      {"apply", DEPLOYS "/d?fieldManager=apply_test",
       DEPLOY("", "'replicas':3,", "", NGINX ",'ports':[{'containerPort':80,'protocol':'TCP'}]"), 201, NULL,
       "'ports':[{'containerPort':80,'protocol':'TCP'}]"},
      {"apply", DEPLOYS "/d?fieldManager=apply_test", DEPLOY("", "'replicas':3,", "", NGINX), 200, NULL,
       "'containers':[{'name':'nginx','image':'nginx:latest','resources':{}"},
      {"apply", DEPLOYS "/d?fieldManager=apply_test",
       "{'apiVersion':'extensions/v1beta','kind':'Deployment','metadata':{'name':'d'},'spec':{'replicas':100}}",
       400, NULL, NULL},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL})

/* TestApplyConvertsManagedFieldsVersion */
STORY(managers_of_old_versions,
      {"POST", DEPLOYS "?fieldManager=c",
       DEPLOY(",'managedFields':[{'manager':'sidecar_controller','operation':'Apply','apiVersion':'extensions/v1beta1','fieldsV1':"
	      "{'f:metadata':{'f:labels':{'f:sidecar_version':{}}}}}]",
	      "", "", NGINX),
       201, NULL, NULL},
      {"apply", DEPLOYS "/d?fieldManager=sidecar_controller",
       "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d','labels':{'sidecar_version':'release'}},"
       "'spec':{'template':{'spec':{'containers':[{'name':'sidecar','image':'sidecar:latest'}]}}}}",
       200, NULL,
       "{'f:metadata':{'f:labels':{'f:sidecar_version':{}}},'f:spec':{'f:template':{'f:spec':{'f:containers':"
       "{'k:{\\\"name\\\":\\\"sidecar\\\"}':{'.':{},'f:image':{},'f:name':{}}}}}}}"},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL})

#define WRONG_TYPE                                                                                                      \
	"'managedFields':[{'manager':'apply_test','operation':'Apply','apiVersion':'v1','time':'2019-07-08T09:31:18Z'," \
	"'fieldsType':'','fieldsV1':{}}]"

/* TestErrorsDontFail, …Update, …Patch */
STORY(broken_lists_do_no_harm,
      {"POST", CMS "?fieldManager=apply_test", CM("," WRONG_TYPE, ",'data':{'key':'value'}"), 201,
       "apply_test Update v1 {'f:data':{'.':{},'f:key':{}}}", NULL},
      {"PUT", CMS "/a?fieldManager=apply_test", CM("," WRONG_TYPE, ",'data':{'key':'value'}"), 200,
       "apply_test Update v1 {'f:data':{'.':{},'f:key':{}}}", NULL},
      {"json", CMS "/a?fieldManager=apply_test",
       "[{'op':'replace','path':'/metadata/managedFields','value':[{'manager':'apply_test','operation':'Apply','apiVersion':'v1',"
       "'time':'2019-07-08T09:31:18Z','fieldsType':'','fieldsV1':{}}]}]",
       200, "apply_test Update v1 {'f:data':{'.':{},'f:key':{}}}", NULL},
      {"DELETE", CMS "/a", NULL, 200, NULL, NULL})

/* TestApplyDoesNotChangeManagedFieldsViaSubresources */
STORY(a_status_rewrites_no_owners,
      {"apply", PODS "/p?fieldManager=apply_test",
       "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p'},'spec':{'containers':[{'name':'a','image':'i'}]}}",
       201, NULL, NULL},
      {"merge", PODS "/p/status?fieldManager=update_managedfields_test",
       "{'metadata':{'managedFields':[{'manager':'testing','operation':'Update','apiVersion':'v1','fieldsType':'FieldsV1','fieldsV1':"
       "{'f:spec':{'f:containers':{'k:{\\\"name\\\":\\\"testing\\\"}':{'.':{},'f:image':{},'f:name':{}}}}}}]},"
       "'status':{'conditions':[{'type':'MyStatus','status':'true'}]}}",
       200,
       "apply_test Apply v1 {'f:spec':{'f:containers':{'k:{\\\"name\\\":\\\"a\\\"}':{'.':{},'f:image':{},'f:name':{}}}}}; "
       "update_managedfields_test Update v1/status {'f:status':{'f:conditions':{'.':{},'k:{\\\"type\\\":\\\"MyStatus\\\"}':{'.':{},'f:lastProbeTime':{},'f:lastTransitionTime':{},'f:status':{},'f:type':{}}}}}",
       NULL},
      {"DELETE", PODS "/p?gracePeriodSeconds=0", NULL, 200, NULL, NULL})

/* TestApplyResetFields of Pods: who reports a status neither deletes nor gives away, and owns nothing for saying so */
STORY(a_status_deletes_nothing,
      {"apply", PODS "/p?fieldManager=m",
       "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p'},'spec':{'containers':[{'name':'a','image':'i'}]}}",
       201, NULL, NULL},
      {"apply", PODS "/p/status?fieldManager=s",
       "{'apiVersion':'v1','kind':'Pod','metadata':{'deletionTimestamp':'2020-01-01T00:00:00Z','ownerReferences':[]},"
       "'spec':{'containers':[{'name':'b','image':'j'}]},'status':{'message':'hello'}}",
       200,
       "m Apply v1 {'f:spec':{'f:containers':{'k:{\\\"name\\\":\\\"a\\\"}':{'.':{},'f:image':{},'f:name':{}}}}}; "
       "s Apply v1/status {'f:status':{'f:message':{}}}",
       "'message':'hello'"},
      {"merge", PODS "/p/status", "{'metadata':{'deletionTimestamp':'2020-01-01T00:00:00Z'}}", 200, NULL,
       NULL},
      {"GET", PODS "/p?x", NULL, 200, NULL, "'creationTimestamp'"},
      {"DELETE", PODS "/p?gracePeriodSeconds=0", NULL, 200, NULL, NULL})

/* TestApplyUnsetExclusivelyOwnedFields, TestApplyUnsetSharedFields */
STORY(what_is_left_out,
      {"apply", DEPLOYS "/d?fieldManager=apply_test", DEPLOY("", "'replicas':3,", "'hostname':'h',", NGINX),
       201, NULL, NULL},
      {"apply", DEPLOYS "/d?fieldManager=apply_test", DEPLOY("", "", "", NGINX), 200, NULL, "'replicas':1,"},
      {"apply", DEPLOYS "/d?fieldManager=shared_owner_1",
       DEPLOY("", "'replicas':3,", "'hostname':'h',", NGINX), 200, NULL, "'hostname':'h'"},
      {"apply", DEPLOYS "/d?fieldManager=shared_owner_2",
       DEPLOY("", "'replicas':3,", "'hostname':'h',", NGINX), 200, NULL, NULL},
      {"apply", DEPLOYS "/d?fieldManager=shared_owner_1", DEPLOY("", "", "", NGINX), 200, NULL,
       "'hostname':'h'"},
      {"GET", DEPLOYS "/d", NULL, 200, NULL, "'replicas':3,"},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL})

/* TestApplyCanTransferFieldOwnershipToController, TestApplyCanRemoveMapItemsContributedToByControllers */
STORY(controllers_take_over,
      {"apply", DEPLOYS "/d?fieldManager=test_applier", DEPLOY("", "'replicas':3,", "", NGINX), 201, NULL,
       NULL},
      {"strategic", DEPLOYS "/d?fieldManager=test_updater",
       "{'spec':{'replicas':4,'template':{'spec':{'containers':[{'name':'nginx','workingDir':'/home/replacement'}]}}}}",
       200, NULL, "'workingDir':'/home/replacement'"},
      {"apply", DEPLOYS "/d?fieldManager=test_applier", DEPLOY("", "", "", NGINX), 200, NULL,
       "'replicas':4,"},
      {"apply", DEPLOYS "/d?fieldManager=test_applier", DEPLOY("", "", "", "'name':'other'"), 200, NULL,
       "'containers':[{'name':'other','image':'nginx:latest','resources':{}"},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL})

/* TestDefaultMissingKeys */
STORY(a_key_that_is_not_said,
      {"apply", DEPLOYS "/d?fieldManager=test_applier",
       DEPLOY("", "", "", NGINX ",'ports':[{'name':'foo','containerPort':80}]"), 201, NULL, NULL},
      {"apply", DEPLOYS "/d?fieldManager=test_applier_conflict",
       DEPLOY("", "", "", NGINX ",'ports':[{'name':'bar','containerPort':80,'protocol':'TCP'}]"), 409, NULL,
       "Apply failed with 1 conflict: conflict with \\\"test_applier\\\": "
       ".spec.template.spec.containers[name=\\\"nginx\\\"].ports[containerPort=80,protocol=\\\"TCP\\\"].name"},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL})

#define LAST                                                                                                                                                          \
	",'labels':{'app':'my-app'},'annotations':{'kubectl.kubernetes.io/last-applied-configuration':"                                                               \
	"'{\\\"kind\\\":\\\"Deployment\\\",\\\"apiVersion\\\":\\\"apps/v1\\\",\\\"metadata\\\":{\\\"name\\\":\\\"d\\\",\\\"labels\\\":{\\\"app\\\":\\\"my-app\\\"}}," \
	"\\\"spec\\\":{\\\"replicas\\\":3,\\\"template\\\":{\\\"metadata\\\":{\\\"labels\\\":{\\\"app\\\":\\\"nginx\\\"}},"                                           \
	"\\\"spec\\\":{\\\"containers\\\":[{\\\"name\\\":\\\"nginx\\\",\\\"image\\\":\\\"nginx:latest\\\"}]}}}}'}"

/* TestUpgradeClientSideToServerSideApply */
STORY(kubectl_upgrades, {"POST", DEPLOYS, DEPLOY(LAST, "'replicas':100000,", "", NGINX), 201, NULL, NULL},
      {"apply", DEPLOYS "/d?fieldManager=kubectl",
       "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d','labels':{'app':'new'}},'spec':{'replicas':3,'template':{"
       "'metadata':{'labels':{'app':'nginx'}},'spec':{'containers':[{'name':'nginx','image':'nginx:latest'}]}}}}",
       409, NULL, ".spec.replicas"},
      {"apply", DEPLOYS "/d?fieldManager=kubectl",
       "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d','labels':{'app':'new'}},'spec':{'template':{"
       "'metadata':{'labels':{'app':'nginx'}},'spec':{'containers':[{'name':'nginx','image':'new'}]}}}}",
       200, NULL, "'replicas':100000,"},
      {"GET", DEPLOYS "/d", NULL, 200, NULL, "'image':'new'"},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL})

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(managers_are_grouped),
					   cmocka_unit_test(force_takes_back),
					   cmocka_unit_test(ports_go),
					   cmocka_unit_test(managers_of_old_versions),
					   cmocka_unit_test(broken_lists_do_no_harm),
					   cmocka_unit_test(a_status_rewrites_no_owners),
					   cmocka_unit_test(a_status_deletes_nothing),
					   cmocka_unit_test(what_is_left_out),
					   cmocka_unit_test(controllers_take_over),
					   cmocka_unit_test(a_key_that_is_not_said),
					   cmocka_unit_test(kubectl_upgrades)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
