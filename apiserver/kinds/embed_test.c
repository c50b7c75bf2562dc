/* SPDX-License-Identifier: Apache-2.0 */
/* The kind files themselves: they load, they hold together, and they say what upstream says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "kinds/kinds_test.h"
#include "kinds/strategies.h"
#include "object/json_test.h"

static js *parse(const char *s)
{
	struct err err = ERR_INIT;
	js *o = js_parse(s, strlen(s), NULL, &err);
	if (!o)
		print_error("%s: %s\n", s, err.msg);
	assert_non_null(o);
	return o;
}

static js *decode(const char *group, const char *kind, const char *text)
{
	struct err err = ERR_INIT;
	struct strict_errors strict = {0};
	autojson js *in = parse(text);
	js *o = schema_decode(schema_kind(schema, group, "v1", kind)->type, in, &strict, &err);
	if (!o)
		print_error("%s\n", err.msg);
	for (size_t i = 0; i < strict.n; i++)
		print_error("%s\n", strict.v[i]);
	assert_non_null(o);
	assert_int_equal(strict.n, 0);
	return o;
}

static void every_kind_is_whole(void **state)
{
	static const char *const want[] = {
		"/namespaces",
		"/nodes",
		"/pods",
		"/events",
		"/configmaps",
		"/secrets",
		"/serviceaccounts",
		"/services",
		"/endpoints",
		"/bindings",
		"apps/deployments",
		"apps/replicasets",
		"apps/controllerrevisions",
		"coordination.k8s.io/leases",
		"apps/statefulsets",
		"apps/daemonsets",
		"batch/jobs",
		"batch/cronjobs",
		"certificates.k8s.io/certificatesigningrequests",
		"/persistentvolumeclaims",
		"/persistentvolumes",
		"/replicationcontrollers",
		"/podtemplates",
		"/limitranges",
		"/resourcequotas",
		"events.k8s.io/events",
		"node.k8s.io/runtimeclasses",
		"scheduling.k8s.io/priorityclasses",
		"discovery.k8s.io/endpointslices",
		"networking.k8s.io/ingressclasses",
		"networking.k8s.io/ingresses",
		"networking.k8s.io/ipaddresses",
		"networking.k8s.io/networkpolicies",
		"networking.k8s.io/servicecidrs",
		"resource.k8s.io/deviceclasses",
		"resource.k8s.io/resourceclaims",
		"resource.k8s.io/resourceclaimtemplates",
		"resource.k8s.io/resourceslices",
		"storage.k8s.io/csidrivers",
		"storage.k8s.io/csinodes",
		"storage.k8s.io/csistoragecapacities",
		"storage.k8s.io/storageclasses",
		"storage.k8s.io/volumeattachments",
		"storage.k8s.io/volumeattributesclasses",
	};
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const char *slash = strchr(want[i], '/');
		autofree char *group = mem_strndup(want[i], (size_t)(slash - want[i]));
		assert_non_null(schema_resource(schema, group, "v1", slash + 1));
	}
	static const char *const bodies[] = {"Scale", "DeleteOptions", "Status", "Binding", "LabelSelector"};
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		assert_non_null(schema_type(schema, bodies[i]));
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds);
	assert_true(n >= ARRAY_LEN(want));
	for (size_t i = 0; i < n; i++) {
		const struct kind *k = kinds[i];
		bool served = k->verbs & VERB_GET;
		assert_string_equal(k->type->fields[0].name, "kind");
		assert_string_equal(k->type->fields[1].name, "apiVersion");
		assert_string_equal(k->type->fields[2].name, "metadata");
		assert_true(!served || k->n_columns >= 2);
		assert_true(!served || k->virtual || k->name_format);
		if (k->has_status)
			assert_non_null(schema_field(k->type, "status"));
		for (size_t c = 0; c < k->n_columns; c++)
			assert_true(k->columns[c].cell[0] == '.' || k->columns[c].cell[0] == '@');
	}
}

/* Ids are dense, and behaviour is bound once, to the kinds that have some. */
static void kinds_are_bound(void **state)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds);
	assert_int_equal(schema_kind_count(schema), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(kinds[i]->id, i);
		assert_ptr_equal(kinds[i]->strategy, strategies_look_up(kinds[i]));
		assert_non_null(strategy_find(kinds[i]));
	}
	assert_ptr_equal(strategy_find(schema_kind(schema, "", "v1", "Pod")), &pods_strategy);
	assert_ptr_equal(strategy_find(schema_kind(schema, "apps", "v1", "Deployment")),
			 &deployment_strategy);
	assert_null(schema_kind(schema, "events.k8s.io", "v1", "Event")->strategy);
}

/* Follows a selector path such as status.podIP through the types. */
static const struct field *follow(const struct type *t, const char *path)
{
	autofree char *copy = mem_strdup(path);
	const struct field *f = NULL;
	for (char *save, *step = strtok_r(copy, ".", &save); step; step = strtok_r(NULL, ".", &save)) {
		if (t->form == TYPE_MAP)
			continue; /* a key */
		f = schema_field(t, step);
		if (!f)
			return NULL;
		t = f->type;
	}
	return f;
}

static void paths_exist(void **state)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds);
	for (size_t i = 0; i < n; i++) {
		const struct type *t = kinds[i]->storage_kind->type;
		for (size_t s = 0; s < kinds[i]->n_selectable; s++)
			assert_non_null(follow(t, kinds[i]->selectable[s].path));
		for (size_t c = 0; c < kinds[i]->n_columns; c++)
			if (kinds[i]->columns[c].cell[0] == '.')
				assert_non_null(follow(t, kinds[i]->columns[c].cell + 1));
		if (kinds[i]->heartbeat)
			assert_non_null(follow(t, kinds[i]->heartbeat_field));
	}
}

static void pod_defaults(void **state)
{
	autojson js *o = decode(
		"", "Pod",
		JSON("{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p'},'spec':{'containers':[{'name':"
		     "'c','image':'i','ports':[{'containerPort':80}],'livenessProbe':{'httpGet':{'port':80}}}],"
		     "'volumes':[{'name':'v'},{'name':'h','hostPath':{'path':'/x'}}]}}"));
	autojson js *want = parse(JSON(
		"{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p'},'spec':{'volumes':[{'name':'v',"
		"'emptyDir':{}},{'name':'h','hostPath':{'path':'/x','type':''}}],'containers':[{'name':'c',"
		"'image':'i','ports':[{'containerPort':80,'protocol':'TCP'}],'resources':{},'livenessProbe':"
		"{'httpGet':{'path':'/','port':80,'scheme':'HTTP'},'timeoutSeconds':1,'periodSeconds':10,"
		"'successThreshold':1,'failureThreshold':3},'terminationMessagePath':'/dev/termination-log',"
		"'terminationMessagePolicy':'File'}],'restartPolicy':'Always','terminationGracePeriodSeconds':30,"
		"'dnsPolicy':'ClusterFirst','securityContext':{},'schedulerName':'default-scheduler',"
		"'enableServiceLinks':true},'status':{}}"));
	autobuf struct buf got = BUF_INIT, expected = BUF_INIT;
	js_write(&got, o);
	js_write(&expected, want);
	assert_string_equal(buf_str(&got), buf_str(&expected));
}

static void workload_defaults(void **state)
{
	static const char text[] =
		"{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}";
	autojson js *d = decode("apps", "Deployment", text), *r = decode("apps", "ReplicaSet", text);
	assert_int_equal(js_int(d, -1, "spec", "replicas", NULL), 1);
	assert_string_equal(js_str(d, "spec", "strategy", "type", NULL), "RollingUpdate");
	assert_string_equal(js_str(d, "spec", "strategy", "rollingUpdate", "maxSurge", NULL), "25%");
	assert_int_equal(js_int(d, -1, "spec", "revisionHistoryLimit", NULL), 10);
	assert_int_equal(js_int(d, -1, "spec", "progressDeadlineSeconds", NULL), 600);
	assert_int_equal(js_int(r, -1, "spec", "replicas", NULL), 1);
	assert_null(js_get(d, "spec", "template", "spec", "enableServiceLinks", NULL)); /* only Pods get it */
	autojson js *recreate =
		decode("apps", "Deployment", JSON("{'spec':{'strategy':{'type':'Recreate'}}}"));
	assert_null(js_get(recreate, "spec", "strategy", "rollingUpdate", NULL));
}

static void service_defaults(void **state)
{
	autojson js *s = decode("", "Service", JSON("{'spec':{'ports':[{'port':80}]}}"));
	assert_string_equal(js_str(s, "spec", "type", NULL), "ClusterIP");
	assert_string_equal(js_str(s, "spec", "sessionAffinity", NULL), "None");
	assert_string_equal(js_str(s, "spec", "internalTrafficPolicy", NULL), "Cluster");
	assert_null(js_get(s, "spec", "externalTrafficPolicy", NULL));
	js *port = js_at(js_arr(s, "spec", "ports", NULL), 0);
	assert_int_equal(js_int(port, -1, "targetPort", NULL), 80);
	assert_string_equal(js_str(port, "protocol", NULL), "TCP");
	autojson js *secret = decode("", "Secret", "{}"),
		    *lb = decode("", "Service", JSON("{'spec':{'type':'LoadBalancer'}}"));
	assert_string_equal(js_str(secret, "type", NULL), "Opaque");
	assert_true(js_bool(lb, false, "spec", "allocateLoadBalancerNodePorts", NULL));
	assert_string_equal(js_str(lb, "spec", "externalTrafficPolicy", NULL), "Cluster");
}

static void other_defaults(void **state)
{
	autojson js *ns = decode("", "Namespace", "{}"),
		    *node = decode("", "Node", JSON("{'status':{'capacity':{'cpu':'1500u'}}}")),
		    *ended = decode("", "Namespace", JSON("{'status':{'phase':'Terminating'}}"));
	assert_string_equal(js_str(ns, "status", "phase", NULL), "Active");
	assert_string_equal(js_str(ended, "status", "phase", NULL), "Terminating");
	assert_string_equal(js_str(node, "status", "capacity", "cpu", NULL), "2m"); /* thousandths at least */
	assert_string_equal(js_str(node, "status", "allocatable", "cpu", NULL), "2m");
}

/* What upstream accepts must not be refused. */
static void fine(void **state)
{
	const struct {
		const char *group, *kind, *text;
	} rows[] = {
		{"coordination.k8s.io", "Lease",
		 JSON("{'spec':{'holderIdentity':'','leaseDurationSeconds':1}}")},
		{"", "Namespace", JSON("{'spec':{'finalizers':['kubernetes']}}")},
		{"", "Pod",
		 JSON("{'spec':{'terminationGracePeriodSeconds':-1,'hostname':'h','containers':[{'name':'a',"
		      "'image':'i','env':[{'name':'1 - x'}],'envFrom':[{'prefix':'a-','configMapRef':"
		      "{'name':'c'}}]}],'tolerations':[{'operator':'Exists'}]}}")},
		{"", "Event", JSON("{'metadata':{'name':'A.b'}}")},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *o = decode(rows[i].group, rows[i].kind, rows[i].text);
		struct field_errors errs = {.n = 0};
		schema_validate(schema_kind(schema, rows[i].group, "v1", rows[i].kind)->type, o, "", &errs);
		for (size_t e = 0; e < errs.n; e++)
			print_error("row %zu: %s: %s\n", i, errs.v[e].field, errs.v[e].message);
		assert_int_equal(errs.n, 0);
		field_errors_release(&errs);
	}
}

static void validation(void **state)
{
	const struct {
		const char *group, *kind, *text, *field, *message;
	} rows[] = {
		{"apps", "Deployment", "{}", "spec.selector", "Required value"},
		{"apps", "Deployment", "{}", "spec.template.spec.containers", "Required value"},
		{"apps", "Deployment", JSON("{'spec':{'replicas':-1}}"), "spec.replicas",
		 "Invalid value: -1: must be greater than or equal to 0"},
		{"", "Pod", JSON("{'spec':{'restartPolicy':'x'}}"), "spec.restartPolicy",
		 "Unsupported value: \"x\": supported values: \"Always\", \"OnFailure\", \"Never\""},
		{"", "Pod", JSON("{'spec':{'containers':[{'name':'a'}]}}"), "spec.containers[0].image",
		 "Required value"},
		{"", "Pod", JSON("{'spec':{'containers':[{'name':'a','ports':[{}]}]}}"),
		 "spec.containers[0].ports[0].containerPort", "Required value"},
		{"", "Pod", JSON("{'spec':{'containers':[{'name':'a','livenessProbe':{}}]}}"),
		 "spec.containers[0].livenessProbe", "Required value: must specify a handler type"},
		{"", "Service", JSON("{'spec':{'ports':[{'port':0}]}}"), "spec.ports[0].port",
		 "Invalid value: 0: must be between 1 and 65535, inclusive"},
		{"coordination.k8s.io", "Lease", JSON("{'spec':{'leaseDurationSeconds':0}}"),
		 "spec.leaseDurationSeconds", "Invalid value: 0: must be greater than 0"},
		{"", "ConfigMap", JSON("{'data':{'a b':''}}"), "data[a b]",
		 "Invalid value: \"a b\": a valid config key must"},
		{"", "Pod",
		 JSON("{'spec':{'containers':[{'name':'a','image':'i','env':[{'name':'E',"
		      "'valueFrom':{'secretKeyRef':{'key':'k'}}}]}]}}"),
		 "spec.containers[0].env[0].valueFrom.secretKeyRef.name",
		 "Invalid value: \"\": a lowercase RFC 1123 subdomain must"},
		{"", "Pod",
		 JSON("{'spec':{'containers':[{'name':'a','image':'i','livenessProbe':{'grpc':{'port':0}}}]}}"),
		 "spec.containers[0].livenessProbe.grpc.port",
		 "Invalid value: 0: must be between 1 and 65535, inclusive"},
		{"", "Pod",
		 JSON("{'spec':{'containers':[{'name':'a','image':'i','livenessProbe':{'httpGet':{"
		      "'port':1,'httpHeaders':[{'name':'a b'}]}}}]}}"),
		 "spec.containers[0].livenessProbe.httpGet.httpHeaders",
		 "Invalid value: \"a b\": a valid HTTP header must"},
		{"", "Pod",
		 JSON("{'spec':{'containers':[{'name':'a','image':'i','resizePolicy':[{"
		      "'resourceName':'disk','restartPolicy':'NotRequired'}]}]}}"),
		 "spec.containers[0].resizePolicy",
		 "Unsupported value: \"disk\": supported values: \"cpu\", \"memory\""},
		{"", "Pod",
		 JSON("{'spec':{'containers':[{'name':'a','image':'i','securityContext':{'seccompProfile':{}}}]}}"),
		 "spec.containers[0].securityContext.seccompProfile.type",
		 "Required value: type is required when seccompProfile is set"},
		{"", "Pod", "{\"spec\":{\"containers\":[{\"name\":\"a\\u0000b\"}]}}",
		 "spec.containers[0].name", "Invalid value: \"a\\x00b\": a lowercase RFC 1123 label must"},
		{"", "Pod", "{\"spec\":{\"restartPolicy\":\"Always\\u0000\"}}", "spec.restartPolicy",
		 "Unsupported value: "},
		{"", "Pod", JSON("{'spec':{'volumes':[{'name':'v','hostPath':{'path':'/'},'emptyDir':{}}]}}"),
		 "spec.volumes[0].hostPath", "Forbidden: may not specify more than 1 volume type"},
		{"", "Pod", JSON("{'spec':{'volumes':[{'name':'v','configMap':{}}]}}"),
		 "spec.volumes[0].configMap.name", "Required value"},
		{"", "Pod",
		 JSON("{'spec':{'volumes':[{'name':'v','projected':{'sources':[{'configMap':{"
		      "'name':'c'},'secret':{'name':'s'}}]}}]}}"),
		 "spec.volumes[0].projected.sources[0]",
		 "Forbidden: may not specify more than 1 volume type"},
		{"", "Pod",
		 JSON("{'spec':{'volumes':[{'name':'v','projected':{'sources':[{"
		      "'serviceAccountToken':{'path':'p','expirationSeconds':5}}]}}]}}"),
		 "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds",
		 "Invalid value: 5: may not specify a duration less than 10 minutes"},
		{"", "Pod",
		 JSON("{'spec':{'volumes':[{'name':'v','projected':{'sources':[{"
		      "'serviceAccountToken':{'path':'p','expirationSeconds':4294967297}}]}}]}}"),
		 "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds",
		 "Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds"},
		{"", "Pod", JSON("{'spec':{'schedulingGates':[{'name':'a/b/c'}]}}"),
		 "spec.schedulingGates[0]", "Invalid value: \"a/b/c\": a qualified name must"},
		{"", "Pod", JSON("{'spec':{'schedulingGates':[{'name':'g'},{'name':'g'}]}}"),
		 "spec.schedulingGates[1]", "Duplicate value: \"g\""},
		{"", "Pod", JSON("{'spec':{'topologySpreadConstraints':[{'maxSkew':0,'topologyKey':'k'}]}}"),
		 "spec.topologySpreadConstraints[0].maxSkew", "Invalid value: 0: must be greater than zero"},
		{"", "Pod", JSON("{'spec':{'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'k'}]}}"),
		 "spec.topologySpreadConstraints[0].whenUnsatisfiable",
		 "Unsupported value: \"\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\""},
		{"", "Pod", JSON("{'spec':{'securityContext':{'supplementalGroups':[1,-1]}}}"),
		 "spec.securityContext.supplementalGroups[1]",
		 "Invalid value: -1: must be between 0 and 2147483647, inclusive"},
		{"", "Service", JSON("{'spec':{'trafficDistribution':'Far'}}"), "spec.trafficDistribution",
		 "Unsupported value: \"Far\": supported values: \"PreferClose\", "},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *o = decode(rows[i].group, rows[i].kind, rows[i].text);
		struct field_errors errs = {.n = 0};
		bool found = false;
		schema_validate(schema_kind(schema, rows[i].group, "v1", rows[i].kind)->type, o, "", &errs);
		for (size_t e = 0; e < errs.n; e++)
			found |= strcmp(errs.v[e].field, rows[i].field) == 0 &&
				 strncmp(errs.v[e].message, rows[i].message, strlen(rows[i].message)) == 0;
		if (!found)
			print_error("row %zu: %s\n", i, rows[i].field);
		field_errors_release(&errs);
		assert_true(found);
	}
}

static void events_share_storage(void **state)
{
	const struct kind *core = schema_kind(schema, "", "v1", "Event"),
			  *new = schema_kind(schema, "events.k8s.io", "v1", "Event");
	assert_ptr_equal(new->storage_kind, core);
	assert_string_equal(new->storage, "events");
	assert_string_equal(core->storage, "events");
	autojson js *o = decode(
		"events.k8s.io", "Event",
		JSON("{'apiVersion':'events.k8s.io/v1','kind':'Event','metadata':{'name':'e'},'regarding':"
		     "{'name':'p'},'note':'hi','reportingController':'c','deprecatedCount':3,"
		     "'deprecatedSource':{'component':'x'},'eventTime':'2026-01-02T15:04:05.000001Z'}"));
	autojson js *stored = schema_convert(new, core, o), *back = schema_convert(core, new, stored);
	assert_string_equal(js_str(stored, "apiVersion", NULL), "v1");
	assert_string_equal(js_str(stored, "involvedObject", "name", NULL), "p");
	assert_string_equal(js_str(stored, "message", NULL), "hi");
	assert_string_equal(js_str(stored, "reportingComponent", NULL), "c");
	assert_int_equal(js_int(stored, 0, "count", NULL), 3);
	assert_string_equal(js_str(stored, "source", "component", NULL), "x");
	assert_true(js_equal(back, o));
	autojson js *bare = decode("", "Event", "{}"), *seen = schema_convert(core, new, bare),
		    *kept = schema_convert(new, core, seen);
	assert_non_null(js_field(bare, "reportingComponent")); /* written there, though it is empty */
	assert_null(js_field(seen, "reportingController"));
	assert_non_null(js_field(kept, "reportingComponent"));
	for (size_t i = 0; i < new->n_selectable; i++)
		if (strcmp(new->selectable[i].field, "regarding.name") == 0)
			assert_string_equal(new->selectable[i].path, "involvedObject.name");
}

static void extra_folder(void **state)
{
	char dir[] = "/tmp/kinds-XXXXXX";
	assert_non_null(mkdtemp(dir));
	autofree char *path = mem_printf("%s/boat.yaml", dir), *other = mem_printf("%s/notes.txt", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("package: sea/v1\nkinds:\n  - {kind: Boat, group: sea, version: v1, resource: boats, singular: boat, scope: "
	      "Cluster}\ntypes:\n  Boat: {kind: 0 string, apiVersion: 0 string, metadata: 1 ObjectMeta}\n",
	      f);
	fclose(f);
	f = fopen(other, "w");
	assert_non_null(f);
	fputs("not: [a kind file", f);
	fclose(f);
	struct err err = ERR_INIT;
	struct schema *s = kinds_load(dir, &err);
	const struct kind *boat = s ? schema_kind(s, "sea", "v1", "Boat") : NULL;
	bool pods = s && schema_kind(s, "", "v1", "Pod");
	bool loaded = boat != NULL;
	schema_free(s);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("package: sea/v1\ntypes: {Boat: {a: 1 none}}\n", f);
	fclose(f);
	struct schema *bad = kinds_load(dir, &err);
	unlink(path);
	unlink(other);
	rmdir(dir);
	assert_true(loaded && pods);
	assert_null(bad);
	assert_null(kinds_load(dir, &err)); /* no such folder */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_whole),
		cmocka_unit_test(kinds_are_bound),
		cmocka_unit_test(paths_exist),
		cmocka_unit_test(pod_defaults),
		cmocka_unit_test(workload_defaults),
		cmocka_unit_test(service_defaults),
		cmocka_unit_test(validation),
		cmocka_unit_test(other_defaults),
		cmocka_unit_test(fine),
		cmocka_unit_test(events_share_storage),
		cmocka_unit_test(extra_folder),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
