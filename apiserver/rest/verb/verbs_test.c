/* SPDX-License-Identifier: Apache-2.0 */
/* Create and update against the real store: what is made, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/thread.h"
#include "object/json_test.h"
#include "rest/rig_test.h"

#define PODS "/api/v1/namespaces/default/pods"
#define CMS "/api/v1/namespaces/default/configmaps"
#define DEPLOYS "/apis/apps/v1/namespaces/default/deployments"
#define SVCS "/api/v1/namespaces/default/services"

#define POD(name)                                                                                            \
	"{\"metadata\":{\"name\":\"" name                                                                    \
	"\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"busybox\"}]}}"
#define DEPLOY(name, sel, label)                                                                             \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"" name                 \
	"\"},\"spec\":{\"selector\":{"                                                                       \
	"\"matchLabels\":{\"app\":\"" sel "\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"" label    \
	"\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"busybox:1\"}]}}}}"

static void refused(const char *method, const char *target, const char *type, const char *body, size_t len,
		    int code, const char *reason, const char *message)
{
	autoreply struct rig_reply r = rig_send(&rig, method, target, type, body, len);

	if (r.status != code || strcmp(js_str0(r.body, "reason", NULL), reason) ||
	    !strstr(js_str0(r.body, "message", NULL), message))
		fail_msg("%s %s %.200s\nwant %d %s: %s\n got %d %s", method, target, body, code, reason,
			 message, r.status, buf_str(&r.text));
}

struct bad {
	const char *target, *body;
	int code;
	const char *reason, *message;
};
static const struct bad bad_creates[] = {
	{PODS, "", 400, "BadRequest", "the object provided is unrecognized (must be of type Pod): "},
	{PODS, "{\"metadata\":", 400, "BadRequest", "couldn't get version/kind; json parse error"},
	{PODS, "[]", 400, "BadRequest", "json: cannot unmarshal array into Go value"},
	{PODS, "{\"kind\":\"Service\",\"apiVersion\":\"v1\"}", 400, "BadRequest",
	 "Service in version \"v1\" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): unknown conversion"},
	{PODS, "{\"kind\":\"Pod\",\"apiVersion\":\"apps/v1\"}", 400, "BadRequest",
	 "Pod in version \"v1\" cannot be handled as a Pod: no kind \"Pod\" is registered for version \"apps/v1\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""},
	{PODS, "{\"kind\":\"Pod\",\"apiVersion\":\"v1beta1\"}", 400, "BadRequest",
	 "Pod in version \"v1beta1\" cannot be handled as a Pod: no kind \"Pod\" is registered for version \"v1beta1\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""},
	{PODS, "{\"metadata\":{\"name\":7}}", 400, "BadRequest",
	 "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field"},
	{PODS "?fieldValidation=Strict", "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"foo\":1}}", 400,
	 "BadRequest",
	 "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.foo\""},
	{PODS "?fieldValidation=Strict", "{\"metadata\":{\"name\":\"a\",\"name\":\"b\"}}", 400, "BadRequest",
	 "strict decoding error: duplicate field \"metadata.name\""},
	{PODS "?fieldValidation=x", POD("a"), 422, "Invalid",
	 "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"x\": supported values: \"\", "
	 "\"Ignore\", \"Strict\", \"Warn\""},
	{PODS "?dryRun=x", POD("a"), 422, "Invalid",
	 "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"x\"]: supported values: \"All\""},
	{PODS, "{\"metadata\":{\"name\":\"a\",\"namespace\":\"other\"}}", 400, "BadRequest",
	 "the namespace of the provided object does not match the namespace sent on the request"},
	{"/api/v1/namespaces/nowhere/pods", POD("a"), 404, "NotFound", "namespaces \"nowhere\" not found"},
	{PODS, "{\"metadata\":{\"name\":\"a\"},\"spec\":{}}", 422, "Invalid",
	 "Pod \"a\" is invalid: spec.containers: Required value"},
	{PODS,
	 "{\"metadata\":{\"name\":\"a\",\"labels\":{\"a b\":\"\"},\"generateName\":\"A\"},\"spec\":{\"dnsPolicy\":\"x\",\"volumes\":"
	 "[{\"name\":\"\"}],\"hostname\":\"-\",\"containers\":[],\"initContainers\":[{}]}}",
	 422, "Invalid",
	 "spec.volumes[0].name: Required value, spec.containers: Required value, spec.initContainers[0].name: Required value, "},
	{PODS, "{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}", 422, "Invalid",
	 "metadata.name: Required value: name or generateName is required"},
	{PODS,
	 "{\"metadata\":{\"name\":\"A_B\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}",
	 422, "Invalid",
	 "Pod \"A_B\" is invalid: metadata.name: Invalid value: \"A_B\": a lowercase RFC 1123 subdomain must consist of"},
	{PODS,
	 "{\"metadata\":{\"name\":\"a\",\"labels\":{\"a b\":\"c\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}",
	 422, "Invalid",
	 "metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters"},
	{PODS,
	 "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"},{\"name\":\"c\",\"image\":\"x\"}]}}",
	 422, "Invalid", "spec.containers[1].name: Duplicate value: \"c\""},
	{PODS,
	 "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\",\"resources\":{\"limits\":{\"cpu\":\"1\"},"
	 "\"requests\":{\"cpu\":\"2\"}}}]}}",
	 422, "Invalid",
	 "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"},
	{PODS,
	 "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\",\"volumeMounts\":[{\"name\":\"v\","
	 "\"mountPath\":\"/v\"}]}]}}",
	 422, "Invalid", "spec.containers[0].volumeMounts[0].name: Not found: \"v\""},
	{PODS,
	 "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"initContainers\":[{\"name\":\"i\",\"image\":\"x\",\"livenessProbe\":{\"exec\":{"
	 "\"command\":[\"x\"]}}}],\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}",
	 422, "Invalid",
	 "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"},
	{PODS,
	 "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}],\"tolerations\":[{\"operator\":\"Equal\"}]}}",
	 422, "Invalid",
	 "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty"},
	{PODS,
	 "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"priorityClassName\":\"gold\",\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}",
	 403, "Forbidden", "pods \"a\" is forbidden: no PriorityClass with name gold was found"},
	{DEPLOYS, DEPLOY("d", "x", "y"), 422, "Invalid",
	 "Deployment.apps \"d\" is invalid: spec.template.metadata.labels: Invalid value: {\"app\":\"y\"}: `selector` does not match "
	 "template `labels`"},
	{DEPLOYS,
	 "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}}}",
	 422, "Invalid",
	 "Deployment.apps \"d\" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: "
	 "`selector` does not match template `labels`]"},
	{PODS, "{\"kind\":\"Foo\",\"apiVersion\":\"v1\"}", 400, "BadRequest",
	 "Foo in version \"v1\" cannot be handled as a Pod: no kind \"Foo\" is registered for version \"v1\""},
	{SVCS, "{\"metadata\":{\"name\":\"s\"},\"spec\":{}}", 422, "Invalid",
	 "Service \"s\" is invalid: spec.ports: Required value"},
	{SVCS,
	 "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"clusterIP\":\"10.1.2.3\",\"ports\":[{\"port\":80}]}}",
	 422, "Invalid",
	 "spec.clusterIPs: Invalid value: [\"10.1.2.3\"]: failed to allocate IP 10.1.2.3: the provided IP (10.1.2.3) is not in the "
	 "valid range. The range of valid IPs is 10.96.0.0/24"},
	{SVCS,
	 "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":80}]}}",
	 422, "Invalid",
	 "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767"},
	{SVCS,
	 "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"name\":\"a\",\"port\":80},{\"name\":\"b\",\"port\":80}]}}",
	 422, "Invalid",
	 "spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,\"NodePort\":0}"},
	{CMS, "{\"metadata\":{\"name\":\"m\"},\"data\":{\"a/b\":\"x\"}}", 422, "Invalid",
	 "ConfigMap \"m\" is invalid: data[a/b]: "},
};

static void test_refused_creates(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_creates); i++) {
		const struct bad *b = &bad_creates[i];
		refused("POST", b->target, "application/json", b->body, strlen(b->body), b->code, b->reason,
			b->message);
	}
	refused("POST", PODS, "text/plain", "x", 1, 415, "UnsupportedMediaType",
		"the body of the request was in an unknown format - accepted media types include: application/json, "
		"application/yaml, application/vnd.kubernetes.protobuf");
	refused("POST", PODS, "application/vnd.kubernetes.protobuf", "k8s\0\x0a\xff", 6, 400, "BadRequest",
		"unrecognized");
	refused("POST", PODS, "application/yaml", "a: [", 4, 400, "BadRequest", "unrecognized");
	autoreply struct rig_reply left = rig_call(&rig, "GET", PODS "/a", NULL);
	assert_int_equal(left.status, 404);
}

static void test_deep_and_large(void **state)
{
	autobuf struct buf b = BUF_INIT;
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, '[');
	refused("POST", PODS, "application/json", b.p, b.len, 400, "BadRequest", "unrecognized");
	buf_clear(&b);
	buf_adds(&b, "{\"metadata\":{\"name\":\"big\"},\"data\":{\"k\":\"");
	for (int i = 0; i < 1700000; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\"}}");
	refused("POST", CMS, "application/json", b.p, b.len, 422, "Invalid",
		"Too long: may not be more than 1048576 bytes");
	buf_clear(&b);
	buf_adds(&b, "{\"metadata\":{\"name\":\"big\"},\"revision\":1,\"data\":{\"a\":\"");
	for (int i = 0; i < 1600000; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\"}}");
	refused("POST", "/apis/apps/v1/namespaces/default/controllerrevisions", "application/json", b.p,
		b.len, 413, "RequestEntityTooLarge", "Request entity too large: limit is 1572864");
	refused("POST", CMS, "application/json", "{\"metadata\":{\"name\":\"\xff\"}}", 24, 400, "BadRequest",
		"unrecognized");
}

static void test_pod(void **state)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", PODS, POD("one"));

	assert_int_equal(r.status, 201);
	js *spec = js_obj(r.body, "spec", NULL), *c = js_at(js_arr(spec, "containers", NULL), 0);
	assert_string_equal(js_str0(r.body, "kind", NULL), "Pod");
	assert_string_equal(js_str0(r.body, "metadata", "namespace", NULL), "default");
	assert_int_equal(strlen(js_str0(r.body, "metadata", "uid", NULL)), 36);
	assert_true(*js_str0(r.body, "metadata", "resourceVersion", NULL));
	assert_string_equal(js_str0(r.body, "status", "phase", NULL), "Pending");
	assert_string_equal(js_str0(r.body, "status", "qosClass", NULL), "BestEffort");
	assert_string_equal(js_str0(c, "imagePullPolicy", NULL), "Always");
	assert_string_equal(js_str0(c, "terminationMessagePath", NULL), "/dev/termination-log");
	assert_string_equal(js_str0(spec, "serviceAccountName", NULL), "default");
	assert_string_equal(js_str0(spec, "restartPolicy", NULL), "Always");
	assert_int_equal(js_int(spec, -1, "priority", NULL), 0);
	assert_int_equal(js_int(spec, -1, "terminationGracePeriodSeconds", NULL), 30);
	assert_int_equal(js_len(js_arr(spec, "tolerations", NULL)), 2);
	assert_true(js_bool(spec, false, "enableServiceLinks", NULL));
	refused("POST", PODS, "application/json", POD("one"), strlen(POD("one")), 409, "AlreadyExists",
		"pods \"one\" already exists");
	autoreply struct rig_reply d = rig_call(&rig, "DELETE", PODS "/one", NULL);
	assert_int_equal(d.status, 200);
	assert_string_equal(js_str0(d.body, "kind", NULL), "Pod");
}

static void test_generate_name_and_dry_run(void **state)
{
	const char *body = "{\"metadata\":{\"generateName\":\"g-\"}}";
	autoreply struct rig_reply r = rig_call(&rig, "POST", CMS, body);

	assert_int_equal(r.status, 201);
	assert_int_equal(strlen(js_str0(r.body, "metadata", "name", NULL)), 7);
	autoreply struct rig_reply dry =
		rig_call(&rig, "POST", CMS "?dryRun=All", "{\"metadata\":{\"name\":\"dry\"}}");
	assert_int_equal(dry.status, 201);
	autoreply struct rig_reply gone = rig_call(&rig, "DELETE", CMS "/dry", NULL);
	assert_int_equal(gone.status, 404);
	assert_string_equal(js_str0(gone.body, "message", NULL), "configmaps \"dry\" not found");
}

static void test_warnings(void **state)
{
	autoreply struct rig_reply r =
		rig_call(&rig, "POST", CMS "?dryRun=All",
			 "{\"metadata\":{\"name\":\"w\"},\"dat\":{},\"data\":{\"a\":\"1\",\"a\":\"2\"}}");

	assert_int_equal(r.status, 201);
	assert_int_equal(r.n_warnings, 2);
	assert_string_equal(r.warnings[0], "unknown field \"dat\"");
	assert_string_equal(r.warnings[1], "duplicate field \"data.a\"");
	autoreply struct rig_reply quiet = rig_call(&rig, "POST", CMS "?dryRun=All&fieldValidation=Ignore",
						    "{\"metadata\":{\"name\":\"w\"},\"dat\":{}}");
	assert_int_equal(quiet.n_warnings, 0);
}

static void test_pod_warnings(void **state)
{
	autoreply struct rig_reply r = rig_call(
		&rig, "POST", PODS "?dryRun=All",
		"{\"metadata\":{\"name\":\"a.b\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\",\"env\":[{\"name\":"
		"\"A\"},{\"name\":\"A\"}],\"ports\":[{\"containerPort\":1},{\"containerPort\":1}]}]}}");

	assert_int_equal(r.status, 201);
	assert_int_equal(r.n_warnings, 3);
	assert_non_null(strstr(r.warnings[0], "metadata.name: this is used in the Pod's hostname"));
	assert_string_equal(
		r.warnings[1],
		"spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply");
	assert_string_equal(
		r.warnings[2],
		"spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]");
}

/* Told once for each container whose annotation became its field, or could not. */
static void test_apparmor_warnings(void **state)
{
#define ANNOTATION "container.apparmor.security.beta.kubernetes.io/"
#define PROFILE "'securityContext':{'appArmorProfile':{'type':'Unconfined'}}"
	const struct {
		const char *annotations, *spec;
		bool warned;
	} v[] = {
		{"{'" ANNOTATION "c':'unconfined'}", "'containers':[{'name':'c','image':'x'}]", true},
		{"{'" ANNOTATION "c':''}", "'containers':[{'name':'c','image':'x'}]", true},
		{"{'" ANNOTATION "c':'unconfined'}", "'containers':[{'name':'c','image':'x'," PROFILE "}]",
		 false},
		{"{'" ANNOTATION "c':'unconfined'}", PROFILE ",'containers':[{'name':'c','image':'x'}]",
		 false},
		{"{'a':'b'}", "'containers':[{'name':'c','image':'x'}]", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autofree char *body = mem_printf("{'metadata':{'name':'p','annotations':%s},'spec':{%s}}",
						 v[i].annotations, v[i].spec);
		for (char *p = body; *p; p++)
			if (*p == '\'')
				*p = '"';
		autoreply struct rig_reply r = rig_call(&rig, "POST", PODS "?dryRun=All", body);
		assert_int_equal(r.status, 201);
		assert_int_equal(r.n_warnings, v[i].warned);
		if (v[i].warned)
			assert_string_equal(
				r.warnings[0],
				"metadata.annotations[" ANNOTATION
				"c]: deprecated since v1.30; use the \"appArmorProfile\" field instead");
	}
}

static void test_template_warnings(void **state)
{
	static const char *const resources[] = {"deployments", "replicasets"};

	for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
		autofree char *target =
			mem_printf("/apis/apps/v1/namespaces/default/%s?dryRun=All", resources[i]);
		autoreply struct rig_reply r = rig_call(
			&rig, "POST", target,
			JSON("{'metadata':{'name':'w'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'},"
			     "'annotations':{'" ANNOTATION
			     "c':'unconfined'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}"));
		assert_int_equal(r.status, 201);
		assert_int_equal(r.n_warnings, 1);
		assert_string_equal(r.warnings[0],
				    "spec.template.metadata.annotations[" ANNOTATION
				    "c]: deprecated since v1.30; use the \"appArmorProfile\" field instead");
	}
}

/* Changes of the template's object are told of as its making is, what else is written to it is not. */
static void test_template_update_warnings(void **state)
{
	static const char *const resources[] = {"deployments", "replicasets"};
	static const struct {
		const char *sub, *patch;
		bool warned;
	} rows[] = {
		{"", "{\"metadata\":{\"labels\":{\"x\":\"y\"}}}", false},
		{"", "{\"spec\":{\"replicas\":3}}", true},
		{"/scale", "{\"spec\":{\"replicas\":4}}", true},
		{"/status", "{\"status\":{\"replicas\":1}}", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
		autofree char *all = mem_printf("/apis/apps/v1/namespaces/default/%s", resources[i]);
		autoreply struct rig_reply r = rig_call(
			&rig, "POST", all,
			JSON("{'metadata':{'name':'warned'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"
			     "'spec':{'nodeSelector':{'beta.kubernetes.io/os':'linux'},'containers':[{'name':'c','image':'i'}]}}}}"));
		assert_int_equal(r.status, 201);
		assert_int_equal(r.n_warnings, 1);
		for (size_t p = 0; p < ARRAY_LEN(rows); p++) {
			autofree char *target = mem_printf("%s/warned%s", all, rows[p].sub);
			autoreply struct rig_reply ok = rig_call(&rig, "PATCH", target, rows[p].patch);
			assert_int_equal(ok.status, 200);
			assert_int_equal(ok.n_warnings, rows[p].warned);
		}
	}
}

static void test_yaml(void **state)
{
	const char *y = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fromyaml\ndata:\n  a: \"1\"\n";
	autoreply struct rig_reply r = rig_send(&rig, "POST", CMS, "application/yaml", y, strlen(y));

	assert_int_equal(r.status, 201);
	assert_string_equal(js_str0(r.body, "data", "a", NULL), "1");
}

static void test_update(void **state)
{
	autoreply struct rig_reply r =
		rig_call(&rig, "POST", CMS, "{\"metadata\":{\"name\":\"u\"},\"data\":{\"a\":\"1\"}}");
	char body[512];
	assert_int_equal(r.status, 201);
	const char *rv = js_str0(r.body, "metadata", "resourceVersion", NULL);

	snprintf(body, sizeof(body),
		 "{\"metadata\":{\"name\":\"u\",\"resourceVersion\":\"%s\"},\"data\":{\"a\":\"2\"}}", rv);
	autoreply struct rig_reply ok = rig_call(&rig, "PUT", CMS "/u", body);
	assert_int_equal(ok.status, 200);
	assert_string_equal(js_str0(ok.body, "metadata", "uid", NULL),
			    js_str0(r.body, "metadata", "uid", NULL));
	refused("PUT", CMS "/u", "application/json", body, strlen(body), 409, "Conflict",
		"Operation cannot be fulfilled on configmaps \"u\": the object has been modified; please apply your changes to the "
		"latest version and try again");
	/* without a version it is unconditional; nothing new is no write */
	const char *same = "{\"metadata\":{\"name\":\"u\"},\"data\":{\"a\":\"2\"}}";
	autoreply struct rig_reply noop = rig_call(&rig, "PUT", CMS "/u", same);
	assert_string_equal(js_str0(noop.body, "metadata", "resourceVersion", NULL),
			    js_str0(ok.body, "metadata", "resourceVersion", NULL));
	refused("PUT", CMS "/v", "application/json", same, strlen(same), 400, "BadRequest",
		"the name of the object (u) does not match the name on the URL (v)");
	const char *other = "{\"metadata\":{\"name\":\"u\",\"uid\":\"x\"}}";
	refused("PUT", CMS "/u", "application/json", other, strlen(other), 409, "Conflict",
		"Precondition failed: UID in precondition: x");
	const char *missing = "{\"metadata\":{\"name\":\"no\"}}";
	refused("PUT", CMS "/no", "application/json", missing, strlen(missing), 404, "NotFound",
		"configmaps \"no\" not found");
}

static void test_deployment_generation(void **state)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", DEPLOYS, DEPLOY("d", "x", "x"));
	assert_int_equal(r.status, 201);
	assert_int_equal(js_int(r.body, 0, "metadata", "generation", NULL), 1);
	assert_int_equal(js_int(r.body, 0, "spec", "replicas", NULL), 1);
	assert_string_equal(js_str0(r.body, "spec", "strategy", "rollingUpdate", "maxSurge", NULL), "25%");
	autoreply struct rig_reply s =
		rig_call(&rig, "PATCH", DEPLOYS "/d/status",
			 "{\"status\":{\"observedGeneration\":1},\"spec\":{\"replicas\":9}}");
	assert_int_equal(s.status, 200);
	assert_int_equal(js_int(s.body, 0, "metadata", "generation", NULL), 1);
	assert_int_equal(js_int(s.body, 0, "spec", "replicas", NULL), 1);
	assert_int_equal(js_int(s.body, 0, "status", "observedGeneration", NULL), 1);
	autoreply struct rig_reply p =
		rig_call(&rig, "PATCH", DEPLOYS "/d",
			 "{\"status\":{\"observedGeneration\":7},\"spec\":{\"replicas\":2}}");
	assert_int_equal(p.status, 200);
	assert_int_equal(js_int(p.body, 0, "metadata", "generation", NULL), 2);
	assert_int_equal(js_int(p.body, 0, "status", "observedGeneration", NULL), 1);
	const char *sel = "{\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"x\",\"b\":\"c\"}}}}";
	refused("PATCH", DEPLOYS "/d", "application/merge-patch+json", sel, strlen(sel), 422, "Invalid",
		"spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\",\"b\":\"c\"}}: field is immutable");
}

static void test_pod_spec_is_fixed(void **state)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", PODS, POD("fixed"));
	assert_int_equal(r.status, 201);
	const char *image = "{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"other\"}]}}";
	autoreply struct rig_reply ok = rig_send(
		&rig, "PATCH", PODS "/fixed", "application/strategic-merge-patch+json", image, strlen(image));
	if (ok.status != 200)
		fail_msg("%s", buf_str(&ok.text));
	assert_int_equal(js_int(ok.body, 0, "metadata", "generation", NULL), 2);
	const char *bad = "{\"spec\":{\"hostname\":\"h\"}}";
	refused("PATCH", PODS "/fixed", "application/merge-patch+json", bad, strlen(bad), 422, "Invalid",
		"Pod \"fixed\" is invalid: spec: Forbidden: pod updates may not change fields other than "
		"`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
		"additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)");
	const char *more = "{\"spec\":{\"containers\":[]}}";
	refused("PATCH", PODS "/fixed", "application/merge-patch+json", more, strlen(more), 422, "Invalid",
		"pod updates may not add or remove containers");
}

static void test_services(void **state)
{
	autoreply struct rig_reply a = rig_call(
		&rig, "POST", SVCS,
		"{\"metadata\":{\"name\":\"sa\"},\"spec\":{\"clusterIP\":\"10.96.0.77\",\"ports\":[{\"port\":80}]}}");
	assert_int_equal(a.status, 201);
	assert_int_equal(js_int(js_at(js_arr(a.body, "spec", "ports", NULL), 0), 0, "targetPort", NULL), 80);
	assert_string_equal(js_str0(a.body, "spec", "type", NULL), "ClusterIP");
	const char *twice =
		"{\"metadata\":{\"name\":\"sb\"},\"spec\":{\"clusterIP\":\"10.96.0.77\",\"ports\":[{\"port\":80}]}}";
	refused("POST", SVCS, "application/json", twice, strlen(twice), 422, "Invalid",
		"provided IP is already allocated");
	autoreply struct rig_reply np =
		rig_call(&rig, "PATCH", SVCS "/sa", "{\"spec\":{\"type\":\"NodePort\"}}");
	assert_int_equal(np.status, 200);
	int64_t port = js_int(js_at(js_arr(np.body, "spec", "ports", NULL), 0), 0, "nodePort", NULL);
	assert_in_range(port, 30000, 32767);
	autoreply struct rig_reply back =
		rig_call(&rig, "PATCH", SVCS "/sa", "{\"spec\":{\"type\":\"ClusterIP\"}}");
	if (back.status != 200)
		fail_msg("%s", buf_str(&back.text));
	assert_int_equal(js_int(js_at(js_arr(back.body, "spec", "ports", NULL), 0), 0, "nodePort", NULL), 0);
	const char *move = "{\"spec\":{\"clusterIP\":\"10.96.0.78\",\"clusterIPs\":[\"10.96.0.78\"]}}";
	refused("PATCH", SVCS "/sa", "application/merge-patch+json", move, strlen(move), 422, "Invalid",
		"spec.clusterIPs[0]: Invalid value: [\"10.96.0.78\"]: may not change once set");
	autoreply struct rig_reply gone = rig_call(&rig, "DELETE", SVCS "/sa", NULL);
	assert_int_equal(gone.status, 200);
	autoreply struct rig_reply again = rig_call(&rig, "POST", SVCS, twice);
	assert_int_equal(again.status, 201);
	autoreply struct rig_reply headless = rig_call(&rig, "POST", SVCS,
						       "{\"metadata\":{\"name\":\"sh\"},\"spec\":{"
						       "\"clusterIP\":\"None\",\"selector\":{\"a\":\"b\"}}}");
	assert_int_equal(headless.status, 201);
	autoreply struct rig_reply ext = rig_call(
		&rig, "POST", SVCS,
		"{\"metadata\":{\"name\":\"se\"},\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"a.b.\"}}");
	assert_int_equal(ext.status, 201);
	assert_null(js_get(ext.body, "spec", "clusterIP", NULL));
}

static void test_events_in_two_versions(void **state)
{
	autoreply struct rig_reply r = rig_call(
		&rig, "POST", "/apis/events.k8s.io/v1/namespaces/default/events",
		"{\"metadata\":{\"name\":\"e\"},\"regarding\":{\"kind\":\"Pod\",\"name\":\"p\","
		"\"namespace\":\"default\"},\"note\":\"hello\","
		"\"reason\":\"R\",\"action\":\"A\",\"type\":\"Normal\",\"reportingController\":\"c\",\"reportingInstance\":\"i\","
		"\"eventTime\":\"2026-01-02T03:04:05.000006Z\"}");
	if (r.status != 201)
		fail_msg("%s", buf_str(&r.text));
	assert_string_equal(js_str0(r.body, "note", NULL), "hello");
	autoreply struct rig_reply p =
		rig_call(&rig, "PATCH", "/api/v1/namespaces/default/events/e", "{\"count\":2}");
	assert_int_equal(p.status, 200);
	assert_string_equal(js_str0(p.body, "message", NULL), "hello");
	assert_string_equal(js_str0(p.body, "involvedObject", "name", NULL), "p");
}

/* Upstream's check of both groups' Events names no group, and what is too long is invalid. */
static void test_refused_events(void **state)
{
	autobuf struct buf body = BUF_INIT;
	buf_adds(
		&body,
		"{\"metadata\":{\"name\":\"long\"},\"regarding\":{\"namespace\":\"default\"},\"type\":\"Normal\","
		"\"reason\":\"R\",\"action\":\"A\",\"reportingController\":\"c\",\"reportingInstance\":\"i\","
		"\"eventTime\":\"2026-01-02T03:04:05.000006Z\",\"note\":\"");
	for (int i = 0; i < 1025; i++)
		buf_addc(&body, 'x');
	buf_adds(&body, "\"}");
	autoreply struct rig_reply r =
		rig_call(&rig, "POST", "/apis/events.k8s.io/v1/namespaces/default/events", buf_str(&body));
	assert_int_equal(r.status, 422);
	assert_string_equal(js_str0(r.body, "details", "kind", NULL), "Event");
	assert_null(js_get(r.body, "details", "group", NULL));
	const js *cause = js_at(js_arr(r.body, "details", "causes", NULL), 0);
	assert_string_equal(js_str0(cause, "reason", NULL), "FieldValueInvalid");
	assert_string_equal(js_str0(cause, "message", NULL),
			    "Invalid value: \"\": can have at most 1024 characters");
}

/* Who says only who reports it is found as its source, too. */
static void test_event_sources(void **state)
{
	const char *const events[] = {
		JSON("{'metadata':{'name':'old'},'involvedObject':{'namespace':'default'},'source':{'component':'them'},'reportingComponent':'us'}"),
		JSON("{'metadata':{'name':'new'},'involvedObject':{'namespace':'default'},'reportingComponent':'us'}"),
	};
	static const char *const found[][2] = {{"us", "new"}, {"them", "old"}};

	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		autoreply struct rig_reply r =
			rig_call(&rig, "POST", "/api/v1/namespaces/default/events", events[i]);
		assert_int_equal(r.status, 201);
	}
	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		autofree char *target = mem_printf(
			"/api/v1/namespaces/default/events?fieldSelector=source%%3D%s", found[i][0]);
		autoreply struct rig_reply r = rig_call(&rig, "GET", target, NULL);
		assert_int_equal(r.status, 200);
		assert_int_equal(js_len(js_arr(r.body, "items", NULL)), 1);
		assert_string_equal(
			js_str0(js_at(js_arr(r.body, "items", NULL), 0), "metadata", "name", NULL),
			found[i][1]);
	}
}

static void test_secret_string_data(void **state)
{
	autoreply struct rig_reply r = rig_call(
		&rig, "POST", "/api/v1/namespaces/default/secrets",
		"{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"a\":\"hello\"},\"immutable\":true}");
	assert_int_equal(r.status, 201);
	assert_string_equal(js_str0(r.body, "data", "a", NULL), "aGVsbG8=");
	assert_null(js_get(r.body, "stringData", NULL));
	assert_string_equal(js_str0(r.body, "type", NULL), "Opaque");
	const char *p = "{\"data\":{\"a\":\"eA==\"}}";
	refused("PATCH", "/api/v1/namespaces/default/secrets/s", "application/merge-patch+json", p, strlen(p),
		422, "Invalid", "data: Forbidden: field is immutable when `immutable` is set");
}

static void test_node(void **state)
{
	autoreply struct rig_reply r = rig_call(
		&rig, "POST", "/api/v1/nodes",
		"{\"metadata\":{\"name\":\"n\"},\"spec\":{\"podCIDR\":\"10.1.0.0/24\"},\"status\":{\"capacity\":{"
		"\"cpu\":\"2\"}}}");
	assert_int_equal(r.status, 201);
	assert_string_equal(js_str0(js_at(js_arr(r.body, "spec", "taints", NULL), 0), "key", NULL),
			    "node.kubernetes.io/not-ready");
	assert_string_equal(js_str0(r.body, "status", "allocatable", "cpu", NULL), "2");
	const char *p = "{\"spec\":{\"podCIDR\":\"10.2.0.0/24\",\"podCIDRs\":[\"10.2.0.0/24\"]}}";
	refused("PATCH", "/api/v1/nodes/n", "application/merge-patch+json", p, strlen(p), 422, "Invalid",
		"node updates may not change podCIDR except from \"\" to valid");
}

/* The deepest data there may be, on a stack as small as a worker's. */
static void *deep_revision(void *arg)
{
#define REVISIONS "/apis/apps/v1/namespaces/default/controllerrevisions"
	autobuf struct buf b = BUF_INIT;

	buf_adds(&b, "{\"metadata\":{\"name\":\"deep\"},\"revision\":1,\"data\":");
	for (int i = 0; i < 490; i++)
		buf_adds(&b, "{\"a\":");
	buf_adds(&b, "1");
	for (int i = 0; i < 490; i++)
		buf_addc(&b, '}');
	buf_addc(&b, '}');
	autoreply struct rig_reply r = rig_call(&rig, "POST", REVISIONS, b.p);
	if (r.status != 201)
		return "create failed";
	buf_truncate(&b, 0);
	buf_adds(&b, "{\"data\":");
	for (int i = 0; i < 490; i++)
		buf_adds(&b, "{\"a\":");
	buf_adds(&b, "2");
	for (int i = 0; i < 490; i++)
		buf_addc(&b, '}');
	buf_addc(&b, '}');
	autoreply struct rig_reply p = rig_call(&rig, "PATCH", REVISIONS "/deep", b.p);
	return p.status == 422 ? NULL : "a change of data was not refused";
}

/* A list of managers as deep, and an apply beside it. */
static void *deep_owner(void *arg)
{
	autobuf struct buf b = BUF_INIT;
	int depths[] = {150, 400};

	for (size_t k = 0; k < ARRAY_LEN(depths); k++) {
		buf_clear(&b);
		buf_adds(
			&b,
			"{\"metadata\":{\"managedFields\":[{\"manager\":\"m\",\"operation\":\"Apply\",\"apiVersion\":"
			"\"apps/v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:data\":");
		for (int i = 0; i < depths[k]; i++)
			buf_adds(&b, "{\"f:a\":");
		buf_adds(&b, "{}");
		for (int i = 0; i < depths[k]; i++)
			buf_addc(&b, '}');
		buf_adds(&b, "}}]}}");
		autoreply struct rig_reply r = rig_call(&rig, "PATCH", REVISIONS "/deep", b.p);
		if (r.status != 200)
			return "managers were refused";
		static const char apply[] =
			"{\"apiVersion\":\"apps/v1\",\"kind\":\"ControllerRevision\",\"metadata\":{\"name\":\"deep\",\"labels\":{\"x\":\"y\"}},\"revision\":1}";
		autoreply struct rig_reply a =
			rig_send(&rig, "PATCH", REVISIONS "/deep?fieldManager=n&force=true",
				 "application/apply-patch+yaml", apply, sizeof(apply) - 1);
		if (a.status != 200)
			return "an apply was refused";
	}
	return NULL;
}

static void test_small_stack(void **state)
{
	void *failure;

	pthread_join(thread_start("worker", deep_revision, NULL), &failure);
	assert_null(failure);
	pthread_join(thread_start("worker", deep_owner, NULL), &failure);
	assert_null(failure);
}

static void test_lease(void **state)
{
#define LEASE "/apis/coordination.k8s.io/v1/namespaces/default/leases/l"
	autoreply struct rig_reply made = rig_call(
		&rig, "PUT", LEASE, "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"a\"}}");
	assert_int_equal(made.status, 201);
	const char *blind = "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"b\"}}";
	refused("PUT", LEASE, "application/json", blind, strlen(blind), 422, "Invalid",
		"metadata.resourceVersion: Invalid value: 0: must be specified for an update");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_creates),
		cmocka_unit_test(test_deep_and_large),
		cmocka_unit_test(test_pod),
		cmocka_unit_test(test_generate_name_and_dry_run),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_pod_warnings),
		cmocka_unit_test(test_apparmor_warnings),
		cmocka_unit_test(test_template_warnings),
		cmocka_unit_test(test_template_update_warnings),
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_deployment_generation),
		cmocka_unit_test(test_pod_spec_is_fixed),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_events_in_two_versions),
		cmocka_unit_test(test_refused_events),
		cmocka_unit_test(test_event_sources),
		cmocka_unit_test(test_secret_string_data),
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_small_stack),
		cmocka_unit_test(test_lease),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
