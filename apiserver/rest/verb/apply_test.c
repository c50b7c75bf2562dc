/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns what after which writes: stories of requests, each with what the object and its managers are then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "rest/verb/story_test.h"

#define CMS "/api/v1/namespaces/default/configmaps"
#define DEPLOYS "/apis/apps/v1/namespaces/default/deployments"
#define SECRETS "/api/v1/namespaces/default/secrets"
#define SERVICES "/api/v1/namespaces/default/services"
#define EVENTS "/api/v1/namespaces/default/events"
#define NEW_EVENTS "/apis/events.k8s.io/v1/namespaces/default/events"
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/default/leases"

#define CM(meta, data)                                                                                       \
	"{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a'" meta "},'data':" data "}"

STORY(is_refused,
      {"apply", CMS "/r", CM("", "{}"), 422, NULL,
       "PatchOptions.meta.k8s.io \\\"\\\" is invalid: fieldManager: Required value: is required for apply patch"},
      {"apply", CMS "/r?fieldManager=m", "[1]", 400, NULL, "error decoding YAML: "},
      {"apply", CMS "/r?fieldManager=m", "x: {", 400, NULL, "error decoding YAML: "},
      {"apply", CMS "/r?fieldManager=m", "", 400, NULL, "invalid object type: /, Kind="},
      {"apply", CMS "/r?fieldManager=m", "{'apiVersion':'v1','kind':'Secret'}", 400, NULL,
       "invalid object type: /v1, Kind=Secret"},
      {"apply", CMS "/r?fieldManager=m", "{'apiVersion':'apps/v2','kind':'ConfigMap'}", 400, NULL,
       "invalid object type: apps/v2, Kind=ConfigMap"},
      {"apply", CMS "/r?fieldManager=m",
       "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'managedFields':[]}}", 400, NULL,
       "metadata.managedFields must be nil"},
      {"apply", CMS "/r?fieldManager=m",
       "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'r'},'dat':{}}", 500, NULL,
       "failed to create typed patch object (/r; /v1, Kind=ConfigMap): .dat: field not declared in schema"},
      {"apply", CMS "/r?fieldManager=m", "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'x'}}",
       400, NULL, "the name of the object (x) does not match the name on the URL (r)"},
      {"apply", CMS "/r?fieldManager=m",
       "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'r','uid':'u'}}", 409, NULL,
       "uid mismatch: the provided object specified uid u, and no existing object was found"},
      {"apply", CMS "/r?fieldManager=m&fieldValidation=Strict",
       "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'r'},'data':{'a':'1','a':'2'}}", 400, NULL,
       "error strict decoding YAML: "},
      {"apply", DEPLOYS "/r/status?fieldManager=m",
       "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'r'}}", 404, NULL, "not found"},
      {"GET", CMS "/r", NULL, 404, NULL, NULL})

STORY(two_managers_share,
      {"apply", CMS "/a?fieldManager=one", CM(",'labels':{'x':'1'}", "{'k':'v','l':'w'}"), 201,
       "one Apply v1 {'f:data':{'f:k':{},'f:l':{}},'f:metadata':{'f:labels':{'f:x':{}}}}",
       "'data':{'k':'v','l':'w'}"},
      /* again: nothing happens */
      {"apply", CMS "/a?fieldManager=one", CM(",'labels':{'x':'1'}", "{'k':'v','l':'w'}"), 200,
       "one Apply v1 {'f:data':{'f:k':{},'f:l':{}},'f:metadata':{'f:labels':{'f:x':{}}}}", NULL},
      {"apply", CMS "/a?fieldManager=two", CM("", "{'k':'z'}"), 409, NULL,
       "'message':'Apply failed with 1 conflict: conflict with \\\"one\\\": .data.k','reason':'Conflict','details':{'causes':"
       "[{'reason':'FieldManagerConflict','message':'conflict with \\\"one\\\"','field':'.data.k'}]},'code':409"},
      {"apply", CMS "/a?fieldManager=two", CM(",'labels':{'x':'2'}", "{'k':'z','l':'y'}"), 409, NULL,
       "Apply failed with 3 conflicts: conflicts with \\\"one\\\":\\n- .data.k\\n- .data.l\\n- .metadata.labels.x"},
      /* the same value is shared */
      {"apply", CMS "/a?fieldManager=two", CM("", "{'k':'v'}"), 200,
       "two Apply v1 {'f:data':{'f:k':{}}}; one Apply v1 {'f:data':{'f:k':{},'f:l':{}},'f:metadata':{'f:labels':{'f:x':{}}}}",
       NULL},
      /* what one gives up stays while another has it, and goes when nobody has */
      {"apply", CMS "/a?fieldManager=one", CM("", "{}"), 200,
       "two Apply v1 {'f:data':{'f:k':{}}}; one Apply v1 {'f:data':{}}", "'data':{'k':'v'}"},
      {"apply", CMS "/a?fieldManager=two", CM("", "{}"), 200,
       "one Apply v1 {'f:data':{}}; two Apply v1 {'f:data':{}}", NULL},
      {"DELETE", CMS "/a", NULL, 200, NULL, NULL})

STORY(force_takes, {"apply", CMS "/a?fieldManager=one", CM("", "{'k':'v','l':'w'}"), 201, NULL, NULL},
      {"apply", CMS "/a?fieldManager=two&force=true&dryRun=All", CM("", "{'k':'z'}"), 200,
       "one Apply v1 {'f:data':{'f:l':{}}}; two Apply v1 {'f:data':{'f:k':{}}}", "'k':'z'"},
      {"GET", CMS "/a", NULL, 200, "one Apply v1 {'f:data':{'f:k':{},'f:l':{}}}", "'k':'v'"},
      {"apply", CMS "/a?fieldManager=two&force=true", CM("", "{'k':'z'}"), 200,
       "one Apply v1 {'f:data':{'f:l':{}}}; two Apply v1 {'f:data':{'f:k':{}}}", "'k':'z'"},
      {"apply", CMS "/a?fieldManager=one", CM("", "{'k':'v'}"), 409, NULL,
       "conflict with \\\"two\\\": .data.k"},
      {"apply", CMS "/a?fieldManager=two", CM(",'resourceVersion':'1'", "{'k':'z'}"), 409, NULL,
       "the object has been modified"},
      {"DELETE", CMS "/a", NULL, 200, NULL, NULL})

STORY(every_writer_owns,
      {"POST", CMS "?fieldManager=c", CM(",'labels':{'x':'1'}", "{'k':'v','l':'w'}"), 201,
       "c Update v1 {'f:data':{'.':{},'f:k':{},'f:l':{}},'f:metadata':{'f:labels':{'.':{},'f:x':{}}}}", NULL},
      {"PUT", CMS "/a?fieldManager=u", CM(",'labels':{'x':'1'}", "{'k':'v','l':'2'}"), 200,
       "c Update v1 {'f:data':{'.':{},'f:k':{}},'f:metadata':{'f:labels':{'.':{},'f:x':{}}}}; u Update v1 {'f:data':{'f:l':{}}}",
       NULL},
      /* who says nothing is called by his User-Agent */
      {"merge", CMS "/a", "{'data':{'l':'3'}}", 200,
       "c Update v1 {'f:data':{'.':{},'f:k':{}},'f:metadata':{'f:labels':{'.':{},'f:x':{}}}}; test Update v1 {'f:data':{'f:l':{}}}",
       NULL},
      {"json", CMS "/a?fieldManager=j",
       "[{'op':'remove','path':'/data/k'},{'op':'add','path':'/data/n','value':'1'}]", 200,
       "c Update v1 {'f:data':{},'f:metadata':{'f:labels':{'.':{},'f:x':{}}}}; j Update v1 {'f:data':{'f:n':{}}}; test Update v1 {'f:data':{'f:l':{}}}",
       NULL},
      {"strategic", CMS "/a?fieldManager=j", "{'data':{'l':null},'metadata':{'labels':null}}", 200,
       "c Update v1 {'f:data':{}}; j Update v1 {'f:data':{'f:n':{}}}", "'data':{'n':'1'}"},
      /* nothing changes: nobody gets anything */
      {"merge", CMS "/a?fieldManager=z", "{'data':{'n':'1'}}", 200,
       "c Update v1 {'f:data':{}}; j Update v1 {'f:data':{'f:n':{}}}", NULL},
      {"apply", CMS "/a?fieldManager=one", CM("", "{'n':'2'}"), 409, NULL,
       "Apply failed with 1 conflict: conflict with \\\"j\\\" using v1: .data.n"},
      {"DELETE", CMS "/a", NULL, 200, NULL, NULL})

STORY(the_list_itself_is_written, {"POST", CMS "?fieldManager=c", CM("", "{'k':'v'}"), 201, NULL, NULL},
      /* said again as it is, wrongly, or not at all: it stays */
      {"merge", CMS "/a?fieldManager=z", "{'metadata':{'managedFields':null}}", 200,
       "c Update v1 {'f:data':{'.':{},'f:k':{}}}", NULL},
      {"merge", CMS "/a?fieldManager=z", "{'metadata':{'managedFields':[{'manager':'x','operation':'Eat'}]}}",
       200, "c Update v1 {'f:data':{'.':{},'f:k':{}}}", NULL},
      {"merge", CMS "/a?fieldManager=z",
       "{'metadata':{'managedFields':[{'manager':'x','operation':'Update','apiVersion':'v1','fieldsType':'FieldsV1','fieldsV1':{'f:data':1}}]}}",
       200, "c Update v1 {'f:data':{'.':{},'f:k':{}}}", NULL},
      /* rewritten */
      {"json", CMS "/a?fieldManager=z",
       "[{'op':'replace','path':'/metadata/managedFields/0/operation','value':'Apply'},{'op':'replace','path':'/metadata/managedFields/0/manager','value':'d'}]",
       200, "d Apply v1 {'f:data':{'.':{},'f:k':{}}}", NULL},
      {"merge", CMS "/a?fieldManager=z",
       "{'data':{'l':'1'},'metadata':{'managedFields':[{'manager':'x','operation':'Apply','apiVersion':'v1','fieldsType':'FieldsV1','fieldsV1':{'f:data':{'f:l':{},'f:k':{}}}}]}}",
       200, "x Apply v1 {'f:data':{'f:k':{}}}; z Update v1 {'f:data':{'f:l':{}}}", NULL},
      /* a version that is no more goes with the next change */
      {"merge", CMS "/a?fieldManager=z",
       "{'data':{'l':'2'},'metadata':{'managedFields':[{'manager':'x','operation':'Apply','apiVersion':'v0','fieldsType':'FieldsV1','fieldsV1':{'f:data':{'f:k':{}}}}]}}",
       200, "z Update v1 {'f:data':{'f:l':{}}}", NULL},
      {"merge", CMS "/a",
       "{'metadata':{'managedFields':[{'manager':'\\n','operation':'Update','apiVersion':'v1','fieldsType':'FieldsV1','fieldsV1':{'f:data':{'f:k':{}}}}]}}",
       422, NULL, "metadata.managedFields[0].manager: Invalid value: "},
      /* reset, in both forms; then nobody is noted any more, until somebody applies */
      {"merge", CMS "/a", "{'metadata':{'managedFields':[{}]}}", 200, "", NULL},
      {"merge", CMS "/a?fieldManager=z", "{'data':{'l':'3'}}", 200, "", NULL},
      {"apply", CMS "/a?fieldManager=one", CM("", "{'l':'4'}"), 409, NULL,
       "conflict with \\\"before-first-apply\\\" using v1: .data.l"},
      {"apply", CMS "/a?fieldManager=one&force=true", CM("", "{'l':'4'}"), 200,
       "one Apply v1 {'f:data':{'f:l':{}}}; before-first-apply Update v1 {'f:data':{'.':{},'f:k':{}}}", NULL},
      {"PUT", CMS "/a?fieldManager=z", CM(",'managedFields':[]", "{'l':'4'}"), 200, "", NULL},
      {"DELETE", CMS "/a", NULL, 200, NULL, NULL},
      /* of a new object the creator owns all that it has */
      {"POST", CMS "?fieldManager=c",
       CM(",'managedFields':[{'manager':'x','operation':'Apply','apiVersion':'v1','fieldsType':'FieldsV1','fieldsV1':{'f:data':{'f:k':{},'f:z':{}}}}]",
	  "{'k':'v'}"),
       201, "x Apply v1 {'f:data':{'f:z':{}}}; c Update v1 {'f:data':{'.':{},'f:k':{}}}", NULL},
      {"DELETE", CMS "/a", NULL, 200, NULL, NULL})

#define DEPLOYMENT(spec)                                                                                     \
	"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d'},'spec':{" spec                  \
	"'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}"
#define TEMPLATE                                                                                             \
	"'f:selector':{},'f:template':{'f:metadata':{'f:labels':{'f:a':{}}},'f:spec':{'f:containers':{'k:{\\\"name\\\":\\\"c\\\"}':{'.':{},'f:image':{},'f:name':{}}}}}"

STORY(subresources_own,
      {"apply", DEPLOYS "/d?fieldManager=one", DEPLOYMENT("'replicas':2,"), 201,
       "one Apply apps/v1 {'f:spec':{'f:replicas':{}," TEMPLATE "}}", NULL},
      {"merge", DEPLOYS "/d/status?fieldManager=s", "{'status':{'replicas':1},'spec':{'replicas':7}}", 200,
       "one Apply apps/v1 {'f:spec':{'f:replicas':{}," TEMPLATE
       "}}; s Update apps/v1/status {'f:status':{'f:replicas':{}}}",
       "'replicas':2"},
      {"merge", DEPLOYS "/d?fieldManager=x", "{'status':{'replicas':5}}", 200,
       "one Apply apps/v1 {'f:spec':{'f:replicas':{}," TEMPLATE
       "}}; s Update apps/v1/status {'f:status':{'f:replicas':{}}}",
       NULL},
      {"merge", DEPLOYS "/d/scale?fieldManager=k", "{'spec':{'replicas':3}}", 200, NULL, "'kind':'Scale'"},
      {"GET", DEPLOYS "/d", NULL, 200,
       "one Apply apps/v1 {'f:spec':{" TEMPLATE
       "}}; k Update apps/v1/scale {'f:spec':{'f:replicas':{}}}; s Update apps/v1/status {'f:status':{'f:replicas':{}}}",
       NULL},
      {"apply", DEPLOYS "/d?fieldManager=one", DEPLOYMENT("'replicas':2,"), 409, NULL,
       "conflict with \\\"k\\\" with subresource \\\"scale\\\" using apps/v1: .spec.replicas"},
      {"apply", DEPLOYS "/d?fieldManager=one", DEPLOYMENT(""), 200, NULL, "'replicas':3"},
      {"apply", DEPLOYS "/d/status?fieldManager=a",
       "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d'},'spec':{'replicas':9},'status':{'replicas':4}}",
       409, NULL, "conflict with \\\"s\\\" with subresource \\\"status\\\" using apps/v1: .status.replicas"},
      {"apply", DEPLOYS "/d/status?fieldManager=a&force=true",
       "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d'},'status':{'replicas':4}}", 200,
       "a Apply apps/v1/status {'f:status':{'f:replicas':{}}}; one Apply apps/v1 {'f:spec':{" TEMPLATE
       "}}; k Update apps/v1/scale {'f:spec':{'f:replicas':{}}}",
       "'status':{'replicas':4"},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL})

#define NOT_REPLICAS(name) name " Apply apps/v1 {'f:spec':{" TEMPLATE "}}"

#define FLOWS "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
#define FLOW(meta, spec)                                                                                     \
	"{'apiVersion':'flowcontrol.apiserver.k8s.io/v1','kind':'FlowSchema','metadata':{'name':'f'" meta    \
	"}" spec
#define PODS "/api/v1/namespaces/default/pods"
#define POD(meta, spec) "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p'" meta "},'spec':{" spec "}}"

/* What a kind's strategy puts back belongs to nobody, and is put back. */
STORY(what_is_reset_is_nobodys, {"apply", DEPLOYS "/d?fieldManager=one", DEPLOYMENT(""), 201, NULL, NULL},
      {"apply", DEPLOYS "/d/status?fieldManager=s",
       "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d','labels':{'x':'y'},'annotations':{'x':'y'}},'spec':{'paused':true},'status':{'replicas':4}}",
       200,
       NOT_REPLICAS(
	       "one") "; s Apply apps/v1/status {'f:metadata':{'f:annotations':{'f:x':{}}},'f:status':{'f:replicas':{}}}",
       "'annotations':{'x':'y'}"},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL},
      {"apply", FLOWS "/f?fieldManager=one",
       FLOW(",'labels':{'a':'b'}", ",'spec':{'priorityLevelConfiguration':{'name':'exempt'}}}"), 201, NULL,
       NULL},
      {"apply", FLOWS "/f/status?fieldManager=s",
       FLOW(",'labels':{'a':'c'}",
	    ",'spec':{'matchingPrecedence':7},'status':{'conditions':[{'type':'Dangling'}]}}"),
       200,
       "one Apply flowcontrol.apiserver.k8s.io/v1 {'f:metadata':{'f:labels':{'f:a':{}}},'f:spec':{'f:priorityLevelConfiguration':{'f:name':{}}}}; "
       "s Apply flowcontrol.apiserver.k8s.io/v1/status {'f:status':{'f:conditions':{'k:{\\\"type\\\":\\\"Dangling\\\"}':{'.':{},'f:type':{}}}}}",
       "'labels':{'a':'b'}"},
      {"merge", FLOWS "/f/status?fieldManager=t", "{'metadata':{'labels':{'z':'z'}}}", 200, NULL,
       "'labels':{'a':'b'}"},
      {"DELETE", FLOWS "/f", NULL, 200, NULL, NULL},
      {"apply", PODS "/p?fieldManager=one",
       POD("", "'nodeName':'n','containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1'}}}]"),
       201, NULL, NULL},
      {"apply", PODS "/p/status?fieldManager=s",
       "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p','ownerReferences':[{'apiVersion':'v1','kind':'Node','name':'n','uid':'u'}]},'status':{'message':'m'}}",
       200, NULL, "'manager':'s','operation':'Apply','apiVersion':'v1'"},
      {"apply", PODS "/p/status?fieldManager=t",
       "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p','ownerReferences':[{'apiVersion':'v1','kind':'Node','name':'n','uid':'u'}]},'spec':{'hostNetwork':true},'status':{'message':'m'}}",
       200, NULL, "'fieldsV1':{'f:status':{'f:message':{}}},'subresource':'status'"},
      {"apply", PODS "/p/ephemeralcontainers?fieldManager=e",
       POD(",'labels':{'x':'y'}", "'hostNetwork':true,'ephemeralContainers':[{'name':'e','image':'i'}]"), 200,
       NULL, "'manager':'e','operation':'Apply','apiVersion':'v1'"},
      {"GET", PODS "/p", NULL, 200, NULL,
       "'fieldsV1':{'f:spec':{'f:ephemeralContainers':{'k:{\\\"name\\\":\\\"e\\\"}':{'.':{},'f:image':{},'f:name':{}}}}},'subresource':'ephemeralcontainers'"},
      {"apply", PODS "/p/resize?fieldManager=r&force=true",
       POD("",
	   "'hostNetwork':true,'containers':[{'name':'c','image':'j','resources':{'requests':{'cpu':'2'}}}]"),
       200, NULL,
       "'fieldsV1':{'f:spec':{'f:containers':{'k:{\\\"name\\\":\\\"c\\\"}':{'.':{},'f:resources':{'f:requests':{'f:cpu':{}}}}}}},'subresource':'resize'"},
      {"DELETE", PODS "/p?gracePeriodSeconds=0", NULL, 200, NULL, NULL})

#define SCALE(more) "{'apiVersion':'autoscaling/v1','kind':'Scale','metadata':{'name':'d'" more "}"
#define SCALED(name) name " Apply apps/v1/scale {'f:spec':{'f:replicas':{}}}"

/* A Scale's owners are those of the parent's number. */
STORY(scales_are_applied,
      {"apply", DEPLOYS "/d/scale?fieldManager=s", SCALE("},'spec':{'replicas':3}"), 404, NULL,
       "deployments.apps \\\"d\\\" not found"},
      {"apply", DEPLOYS "/d?fieldManager=one", DEPLOYMENT("'replicas':2,"), 201, NULL, NULL},
      {"apply", DEPLOYS "/d/scale?fieldManager=s", "{'apiVersion':'apps/v1','kind':'Deployment'}", 400, NULL,
       "invalid object type: apps/v1, Kind=Deployment"},
      {"apply", DEPLOYS "/d/scale?fieldManager=s", SCALE("},'spec':{'replica':3}"), 500, NULL,
       "failed to create typed patch object (/d; autoscaling/v1, Kind=Scale): .spec.replica: field not declared in schema"},
      {"apply", DEPLOYS "/d/scale?fieldManager=s", SCALE("},'spec':{'replicas':3}"), 409, NULL,
       "Apply failed with 1 conflict: conflict with \\\"one\\\": .spec.replicas"},
      {"apply", DEPLOYS "/d/scale?fieldManager=s&force=true", SCALE("},'spec':{'replicas':-1}"), 422, NULL,
       "spec.replicas: Invalid value: -1: must be greater than or equal to 0"},
      {"apply", DEPLOYS "/d/scale?fieldManager=s&force=true", SCALE(",'uid':'x'},'spec':{'replicas':3}"), 409,
       NULL,
       "Operation cannot be fulfilled on deployments/scale.apps \\\"d\\\": Precondition failed: UID in precondition: x, UID in object meta: "},
      /* the same number is shared */
      {"apply", DEPLOYS "/d/scale?fieldManager=s", SCALE("},'spec':{'replicas':2}"), 200, "",
       "'kind':'Scale','apiVersion':'autoscaling/v1'"},
      {"GET", DEPLOYS "/d", NULL, 200,
       SCALED("s") "; one Apply apps/v1 {'f:spec':{'f:replicas':{}," TEMPLATE "}}", NULL},
      /* and another one taken */
      {"apply", DEPLOYS "/d/scale?fieldManager=s&force=true&dryRun=All", SCALE("},'spec':{'replicas':4}"),
       200, "", "'spec':{'replicas':4}"},
      {"apply", DEPLOYS "/d/scale?fieldManager=s&force=true", SCALE("},'spec':{'replicas':3}"), 200, "",
       "'spec':{'replicas':3}"},
      {"GET", DEPLOYS "/d", NULL, 200, SCALED("s") "; " NOT_REPLICAS("one"), "'replicas':3,"},
      {"apply", DEPLOYS "/d?fieldManager=one", DEPLOYMENT("'replicas':2,"), 409, NULL,
       "conflict with \\\"s\\\" with subresource \\\"scale\\\": .spec.replicas"},
      /* an update on the subresource takes it, too */
      {"merge", DEPLOYS "/d/scale?fieldManager=k", "{'spec':{'replicas':5}}", 200, "", NULL},
      {"GET", DEPLOYS "/d", NULL, 200,
       NOT_REPLICAS("one") "; k Update apps/v1/scale {'f:spec':{'f:replicas':{}}}", "'replicas':5,"},
      {"apply", DEPLOYS "/d/scale?fieldManager=s", SCALE("},'spec':{'replicas':1}"), 409, NULL,
       "conflict with \\\"k\\\" with subresource \\\"scale\\\" using autoscaling/v1: .spec.replicas"},
      /* managers of versions that are no more go */
      {"merge", DEPLOYS "/d",
       "{'metadata':{'managedFields':[{'manager':'x','operation':'Apply','apiVersion':'apps/v0','fieldsType':'FieldsV1','fieldsV1':{'f:spec':{'f:paused':{}}}}]}}",
       200, NULL, NULL},
      {"apply", DEPLOYS "/d/scale?fieldManager=s", SCALE("},'spec':{'replicas':1}"), 409, NULL,
       "conflict with \\\"before-first-apply\\\" with subresource \\\"scale\\\" using autoscaling/v1: .spec.replicas"},
      {"apply", DEPLOYS "/d/scale?fieldManager=s&force=true", SCALE("},'spec':{'replicas':1}"), 200, "",
       NULL},
      {"GET", DEPLOYS "/d", NULL, 200, SCALED("s"), "'replicas':1,"},
      {"DELETE", DEPLOYS "/d", NULL, 200, NULL, NULL})

#define SERVICE(ports)                                                                                       \
	"{'apiVersion':'v1','kind':'Service','metadata':{'name':'s'},'spec':{'ports':" ports "}}"
#define PORT(n, before, after)                                                                               \
	"'k:{\\\"port\\\":" n ",\\\"protocol\\\":\\\"TCP\\\"}':{'.':{}" before ",'f:port':{}" after "}"

STORY(lists_are_merged_by_defaulted_keys,
      {"apply", SERVICES "/s?fieldManager=one", SERVICE("[{'port':80,'name':'a'},{'port':443,'name':'b'}]"),
       201,
       "one Apply v1 {'f:spec':{'f:ports':{" PORT("80", ",'f:name':{}", "") "," PORT("443", ",'f:name':{}",
										     "") "}}}",
       NULL},
      /* the protocol is TCP, said or not */
      {"apply", SERVICES "/s?fieldManager=two", SERVICE("[{'port':80,'protocol':'TCP','name':'x'}]"), 409,
       NULL,
       "Apply failed with 1 conflict: conflict with \\\"one\\\": .spec.ports[port=80,protocol=\\\"TCP\\\"].name"},
      {"apply", SERVICES "/s?fieldManager=one", SERVICE("[{'port':80,'name':'a','targetPort':99}]"), 200,
       "one Apply v1 {'f:spec':{'f:ports':{" PORT("80", ",'f:name':{}", ",'f:targetPort':{}") "}}}",
       "'ports':[{'name':'a','protocol':'TCP','port':80,'targetPort':99}]"},
      {"apply", SERVICES "/s?fieldManager=two", SERVICE("[{'port':81,'name':'c'}]"), 200, NULL,
       "'ports':[{'name':'a','protocol':'TCP','port':80,'targetPort':99},{'name':'c','protocol':'TCP','port':81,'targetPort':81}]"},
      {"apply", SERVICES "/s?fieldManager=two", SERVICE("[{'port':81},{'port':81}]"), 500, NULL,
       ".spec.ports: duplicate entries for key [port=81,protocol=\\\"TCP\\\"]"},
      {"DELETE", SERVICES "/s", NULL, 200, NULL, NULL})

STORY(versions_are_kept_apart,
      {"POST", EVENTS "?fieldManager=c",
       "{'metadata':{'name':'e'},'involvedObject':{'namespace':'default'},'reason':'r','count':1}", 201, NULL,
       "'f:involvedObject':{}"},
      {"merge", EVENTS "/e?fieldManager=n", "{'count':2}", 200, NULL,
       "'manager':'n','operation':'Update','apiVersion':'v1'"},
      {"apply", NEW_EVENTS "/e?fieldManager=o",
       "{'apiVersion':'events.k8s.io/v1','kind':'Event','metadata':{'name':'e'},'deprecatedCount':3}", 409,
       NULL, "Apply failed with 1 conflict: conflict with \\\"n\\\" using v1: .count"},
      {"apply", NEW_EVENTS "/e?fieldManager=o",
       "{'apiVersion':'events.k8s.io/v1','kind':'Event','metadata':{'name':'e','labels':{'a':'b'}},'deprecatedCount':2}",
       200, NULL, "'manager':'o','operation':'Apply','apiVersion':'events.k8s.io/v1'"},
      {"apply", EVENTS "/e?fieldManager=o",
       "{'apiVersion':'v1','kind':'Event','metadata':{'name':'e'},'count':2}", 200, NULL, "'f:count':{}}"},
      {"DELETE", EVENTS "/e", NULL, 200, NULL, NULL})

#define ANNOTATED(data, was)                                                                                                                                                                                \
	CM(",'annotations':{'kubectl.kubernetes.io/last-applied-configuration':'{\\\"apiVersion\\\":\\\"v1\\\",\\\"kind\\\":\\\"ConfigMap\\\",\\\"metadata\\\":{\\\"name\\\":\\\"a\\\"},\\\"data\\\":{" was \
	   "}}'}",                                                                                                                                                                                          \
	   data)

STORY(kubectl_takes_over_from_itself,
      {"POST", CMS "?fieldManager=kubectl-client-side-apply",
       ANNOTATED("{'k':'v','l':'w'}", "\\\"k\\\":\\\"v\\\""), 201, NULL, NULL},
      /* another manager has to force; kubectl only for what it has not applied itself */
      {"apply", CMS "/a?fieldManager=other", CM("", "{'k':'2'}"), 409, NULL, ".data.k"},
      {"apply", CMS "/a?fieldManager=kubectl", CM("", "{'k':'2','l':'3'}"), 409, NULL,
       "Apply failed with 1 conflict: conflict with \\\"kubectl-client-side-apply\\\" using v1: .data.l"},
      {"apply", CMS "/a?fieldManager=kubectl", CM("", "{'k':'2'}"), 200, NULL,
       "'kubectl.kubernetes.io/last-applied-configuration':'{\\\"apiVersion\\\":\\\"v1\\\",\\\"data\\\":{\\\"k\\\":\\\"2\\\"},\\\"kind\\\":\\\"ConfigMap\\\",\\\"metadata\\\":{\\\"name\\\":\\\"a\\\"}}\\n'"},
      {"DELETE", CMS "/a", NULL, 200, NULL, NULL})

/* What is alike is worked out once: nobody may get another's list. */
static void alike_objects_have_alike_lists(void **state)
{
	static const struct step steps[] = {
		{"POST", CMS "?fieldManager=one", CM("", "{'k':'v'}"), 201,
		 "one Update v1 {'f:data':{'.':{},'f:k':{}}}", NULL},
		{"DELETE", CMS "/a", NULL, 200, NULL, NULL},
		{"POST", CMS "?fieldManager=one", CM("", "{'k':'w'}"), 201,
		 "one Update v1 {'f:data':{'.':{},'f:k':{}}}", NULL},
		{"DELETE", CMS "/a", NULL, 200, NULL, NULL},
		{"POST", CMS "?fieldManager=two", CM("", "{'k':'v'}"), 201,
		 "two Update v1 {'f:data':{'.':{},'f:k':{}}}", NULL},
		{"DELETE", CMS "/a", NULL, 200, NULL, NULL},
		{"POST", CMS "?fieldManager=one", CM("", "{'l':'v'}"), 201,
		 "one Update v1 {'f:data':{'.':{},'f:l':{}}}", NULL},
		{"DELETE", CMS "/a", NULL, 200, NULL, NULL},
		{"POST", SECRETS "?fieldManager=one",
		 "{'apiVersion':'v1','kind':'Secret','metadata':{'name':'a'},'data':{'k':'dg=='}}", 201,
		 "one Update v1 {'f:data':{'.':{},'f:k':{}},'f:type':{}}", NULL},
		{"POST", CMS "?fieldManager=one", CM(",'labels':{'x':'y'}", "{'k':'v'}"), 201,
		 "one Update v1 {'f:data':{'.':{},'f:k':{}},'f:metadata':{'f:labels':{'.':{},'f:x':{}}}}",
		 NULL},
		/* and one that is changed afterwards stays alone with it */
		{"merge", CMS "/a?fieldManager=three", "{'data':{'k':'z'}}", 200,
		 "one Update v1 {'f:data':{},'f:metadata':{'f:labels':{'.':{},'f:x':{}}}}; three Update v1 {'f:data':{'f:k':{}}}",
		 NULL},
		{"DELETE", CMS "/a", NULL, 200, NULL, NULL},
		{"POST", CMS "?fieldManager=one", CM(",'labels':{'x':'y'}", "{'k':'v'}"), 201,
		 "one Update v1 {'f:data':{'.':{},'f:k':{}},'f:metadata':{'f:labels':{'.':{},'f:x':{}}}}",
		 NULL},
		{"DELETE", CMS "/a", NULL, 200, NULL, NULL},
	};
	const char *before = "", *time;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		take_step(&steps[i]);
	for (int i = 0; i < 2; i++) { /* each has its own time */
		take_step(&(struct step){"POST", CMS "?fieldManager=one", CM("", "{'k':'v'}"), 201, NULL,
					 NULL});
		autoreply struct rig_reply r = rig_call(&rig, "GET", CMS "/a", NULL);
		js_array_for_each (m, js_arr(r.body, "metadata", "managedFields", NULL)) {
			time = JSON(js_str0(m, "time", NULL));
			assert_string_equal(time, js_str0(r.body, "metadata", "creationTimestamp", NULL));
			assert_string_not_equal(time, before);
			before = time;
		}
		take_step(&(struct step){"DELETE", CMS "/a", NULL, 200, NULL, NULL});
		clock_advance(5 * NS_PER_S);
	}
	assert_string_not_equal(before, "");
}

static void write_many(struct buf *out, const char *value)
{
	buf_adds(out,
		 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{");
	for (int i = 0; i < 1500; i++)
		buf_addf(out, "%s\"k%04d\":\"%s\"", i ? "," : "", i, value);
	buf_adds(out, "}}");
}

/* An annotation that has no room for what is applied goes. */
static void follows_while_there_is_room(void **state)
{
	static const char type[] = "application/apply-patch+yaml",
			  name[] = "kubectl.kubernetes.io/last-applied-configuration";
	autobuf struct buf big = BUF_INIT;

	take_step(&(struct step){"apply", CMS "/a?fieldManager=kubectl", ANNOTATED("{'k':'v'}", ""), 201,
				 NULL, "\\n'"});
	buf_adds(
		&big,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"annotations\":{"
		"\"kubectl.kubernetes.io/last-applied-configuration\":\"x\"}},\"data\":{\"k\":\"");
	for (int i = 0; i < 263000; i++)
		buf_addc(&big, 'x');
	buf_adds(&big, "\"}}");
	autoreply struct rig_reply r =
		rig_send(&rig, "PATCH", CMS "/a?fieldManager=kubectl", type, big.p, big.len);
	assert_int_equal(r.status, 200);
	assert_null(js_get(r.body, "metadata", "annotations", name, NULL));
	take_step(&(struct step){"DELETE", CMS "/a", NULL, 200, NULL, NULL});
}

static void tells_every_conflict(void **state)
{
	static const char type[] = "application/apply-patch+yaml";
	autobuf struct buf mine = BUF_INIT, other = BUF_INIT;

	write_many(&mine, "1");
	write_many(&other, "2");
	autoreply struct rig_reply made =
		rig_send(&rig, "PATCH", CMS "/a?fieldManager=one", type, mine.p, mine.len);
	assert_int_equal(made.status, 201);
	autoreply struct rig_reply r =
		rig_send(&rig, "PATCH", CMS "/a?fieldManager=two", type, other.p, other.len);
	assert_int_equal(r.status, 409);
	const js *causes = js_arr(r.body, "details", "causes", NULL);
	assert_int_equal(js_len(causes), 1500);
	assert_string_equal(js_str0(js_at(causes, 1499), "field", NULL), ".data.k1499");
	assert_non_null(strstr(js_str0(r.body, "message", NULL), "Apply failed with 1500 conflicts: "));
	assert_non_null(strstr(js_str0(r.body, "message", NULL), "- .data.k1499"));
	take_step(&(struct step){"DELETE", CMS "/a", NULL, 200, NULL, NULL});
}

/* Eleven writers are one too many. */
static void the_oldest_become_one(void **state)
{
	char target[128], body[128];

	take_step(&(struct step){"POST", CMS "?fieldManager=m00", CM("", "{'k':'v'}"), 201, NULL, NULL});
	for (int i = 1; i <= 12; i++) {
		snprintf(target, sizeof(target), CMS "/a?fieldManager=m%02d", i);
		snprintf(body, sizeof(body), "{'data':{'k%d':'1'}}", i);
		take_step(&(struct step){"merge", target, body, 200, NULL, NULL});
	}
	autoreply struct rig_reply r = rig_call(&rig, "GET", CMS "/a", NULL);
	const js *list = js_arr(r.body, "metadata", "managedFields", NULL);
	assert_int_equal(js_len(list), 10);
	bool there = false;
	js_array_for_each (m, list)
		there |= !strcmp(js_str0(m, "manager", NULL), "ancient-changes");
	assert_true(there);
	take_step(&(struct step){"DELETE", CMS "/a", NULL, 200, NULL, NULL});
}

/* However many they are, what they own goes on being owned. */
static void nothing_is_lost_when_they_become_one(void **state)
{
	autobuf struct buf made = BUF_INIT;

	buf_adds(&made, "{\"metadata\":{\"name\":\"crowd\"},\"data\":{\"k0\":\"v\"");
	for (int i = 1; i < 20; i++)
		buf_addf(&made, ",\"k%d\":\"v\"", i);
	buf_adds(&made, "}}");
	autoreply struct rig_reply there = rig_call(&rig, "POST", CMS, made.p);
	assert_int_equal(there.status, 201);
	for (int n = 11; n < 20; n++) {
		autobuf struct buf body = BUF_INIT;
		buf_adds(&body, "{\"data\":{\"more\":\"v\"},\"metadata\":{\"managedFields\":[");
		for (int i = 0; i < n; i++)
			buf_addf(
				&body,
				"%s{\"manager\":\"m%d\",\"operation\":\"Update\",\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\","
				"\"fieldsV1\":{\"f:data\":{\"f:k%d\":{}}}}",
				i ? "," : "", i, i);
		buf_adds(&body, "]}}");
		autoreply struct rig_reply r = rig_send(&rig, "PATCH", CMS "/crowd?dryRun=All",
							"application/merge-patch+json", body.p, body.len);
		assert_int_equal(r.status, 200);
		const js *list = js_arr(r.body, "metadata", "managedFields", NULL);
		assert_int_equal(js_len(list), 10);
		autobuf struct buf owned = BUF_INIT;
		js_write(&owned, list);
		for (int i = 0; i < n; i++) {
			char field[16];
			snprintf(field, sizeof(field), "\"f:k%d\"", i);
			if (!strstr(owned.p, field))
				fail_msg("%s of %d: %s", field, n, owned.p);
		}
	}
}

static int setup(void **state)
{
	clock_fake(clock_wall_ns()); /* so that who writes is told apart by his name, and not by when */
	rig_open(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_refused),
		cmocka_unit_test(two_managers_share),
		cmocka_unit_test(force_takes),
		cmocka_unit_test(every_writer_owns),
		cmocka_unit_test(the_list_itself_is_written),
		cmocka_unit_test(subresources_own),
		cmocka_unit_test(what_is_reset_is_nobodys),
		cmocka_unit_test(scales_are_applied),
		cmocka_unit_test(lists_are_merged_by_defaulted_keys),
		cmocka_unit_test(versions_are_kept_apart),
		cmocka_unit_test(kubectl_takes_over_from_itself),
		cmocka_unit_test(alike_objects_have_alike_lists),
		cmocka_unit_test(follows_while_there_is_room),
		cmocka_unit_test(tells_every_conflict),
		cmocka_unit_test(the_oldest_become_one),
		cmocka_unit_test(nothing_is_lost_when_they_become_one),
	};

	return cmocka_run_group_tests(tests, setup, rig_teardown);
}
