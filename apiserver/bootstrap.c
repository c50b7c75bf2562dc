/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects take the road of everybody's: they are decoded with the kind's defaults and handed to the
 * registry, which validates and allocates. Only nobody has to be asked whether it may.
 */
#include "bootstrap.h"

#include <string.h>
#include "base/mem.h"
#include "base/clock.h"
#include "kinds/flowcontrol/initial.h"
#include "object/rfc3339.h"

struct object {
	const char *group, *resource, *ns, *name; /* of version v1 */
	const char *manager;			  /* NULL: the server itself */
	struct buf body;
};

static const struct kind *kind_of(struct registry *r, const struct object *o)
{
	return schema_resource(registry_schema(r), o->group, "v1", o->resource);
}

static js *decode(const struct kind *k, const struct object *o, struct err *err)
{
	autojson js *raw = js_parse(buf_str(&o->body), o->body.len, NULL, err);
	js *tree = raw ? schema_decode(k->type, raw, NULL, err) : NULL;

	if (!tree)
		return NULL;
	js_set_str(tree, "kind", k->kind);
	autofree char *version = mem_printf("%s%s%s", k->group, *k->group ? "/" : "", k->version);
	js_set_str(tree, "apiVersion", version);
	return tree;
}

typedef void operation_fn(struct registry_call *c, js *tree);

static int call(struct registry *r, operation_fn *operation, const char *verb, const struct object *o,
		struct err *err)
{
	static const char *const masters[] = {"system:masters", "system:authenticated", NULL};
	static const struct user self = {.name = "system:apiserver", .uid = "", .groups = masters};
	const struct kind *k = kind_of(r, o);
	struct attributes attr = ATTRIBUTES_INIT;
	struct registry_sync s;

	if (!k)
		return 0; /* a set of kinds without it */
	attr.user = &self;
	attr.verb = verb;
	attr.resource_request = true;
	attr.manager = o->manager ? o->manager : "kube-apiserver";
	attr.group = k->group;
	attr.version = k->version;
	attr.resource = k->resource;
	attr.kind = k;
	attr.ns = o->ns;
	attr.name = operation == registry_create ? "" : o->name;
	js *tree = decode(k, o, err);
	if (!tree)
		return -1;
	registry_sync_init(&s, r, &attr);
	operation(&s.call, tree);
	int rc = registry_sync_wait(&s, err);
	registry_call_release(&s.call);
	if (rc == 0 || err->reason == REASON_ALREADY_EXISTS || err->reason == REASON_CONFLICT)
		return 0; /* or somebody else was faster */
	return err_wrap(err, "cannot create %s \"%s\"", o->resource, o->name);
}

static struct obj *find(struct registry *r, const struct object *o)
{
	const struct kind *k = kind_of(r, o);

	return k ? registry_get(r, k, o->ns, o->name) : NULL;
}

static int create(struct registry *r, const struct object *o, struct err *err)
{
	autoobj struct obj *there = find(r, o);

	return there ? 0 : call(r, registry_create, "create", o, err);
}

static int make_namespace(struct registry *r, const char *name, struct err *err)
{
	struct object o = {.group = "", .resource = "namespaces", .ns = "", .name = name};
	buf_addf(&o.body, "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"}}",
		 name);
	int rc = create(r, &o, err);
	buf_release(&o.body);
	return rc;
}

/* The first address of the range is the API's, as upstream's. */
static int make_service(struct registry *r, int port, struct err *err)
{
	char ip[16];
	struct object o = {.group = "", .resource = "services", .ns = "default", .name = "kubernetes"};
	registry_first_address(r, ip);
	buf_addf(
		&o.body,
		"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":{\"component\":\"apiserver\",\"provider\":\"kubernetes\"}},\"spec\":{\"type\":"
		"\"ClusterIP\",\"clusterIP\":\"%s\",\"sessionAffinity\":\"None\",\"ports\":[{\"name\":\"https\",\"port\":443,\"protocol\":\"TCP\",\"targetPort\":%d}]}}",
		ip, port);
	int rc = create(r, &o, err);
	buf_release(&o.body);
	return rc;
}

/* Where Services get their addresses from. It says so from the start, as upstream's API server does; if the range is
   another one at the next start, the object stays what it is. */
static int make_cidr(struct registry *r, struct err *err)
{
	struct object o = {
		.group = "networking.k8s.io", .resource = "servicecidrs", .ns = "", .name = "kubernetes"};
	char now[RFC3339_MAX];

	rfc3339_format(clock_wall_ns(), now);
	buf_addf(
		&o.body,
		"{\"metadata\":{\"name\":\"kubernetes\"},\"spec\":{\"cidrs\":[\"%s\"]},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":\"%s\","
		"\"reason\":\"\",\"message\":\"Kubernetes default Service CIDR is ready\"}]}}",
		registry_service_cidr(r), now);
	int rc = create(r, &o, err);
	buf_release(&o.body);
	return rc;
}

/* Made, or made again when what it is to say is not in it. */
static int keep_saying(struct registry *r, const struct object *o, const char *what, struct err *err)
{
	autoobj struct obj *old = find(r, o);

	if (!old)
		return create(r, o, err);
	return strstr(old->bytes, what) ? 0 : call(r, registry_update, "update", o, err);
}

static void remove_object(struct registry_call *c, js *tree)
{
	static const struct delete_options at_once = {.has_grace = false};

	json_object_put(tree);
	registry_delete(c, &at_once);
}

/* Unlike the others these follow the server: it may have moved since the last start. */
static int make_endpoints(struct registry *r, const char *address, int port, struct err *err)
{
	struct object o = {.group = "", .resource = "endpoints", .ns = "default", .name = "kubernetes"};
	autobuf struct buf subsets = BUF_INIT;

	buf_addf(
		&subsets,
		"\"subsets\":[{\"addresses\":[{\"ip\":\"%s\"}],\"ports\":[{\"name\":\"https\",\"port\":%d,\"protocol\":\"TCP\"}]}]",
		address, port);
	buf_addf(
		&o.body,
		"{\"kind\":\"Endpoints\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":{\"endpointslice.kubernetes.io/skip-mirror\":\"true\"}},%s}",
		buf_str(&subsets));
	int rc = keep_saying(r, &o, buf_str(&subsets), err);
	buf_release(&o.body);
	return rc;
}

/* The same for who reads no Endpoints any more, as upstream's API server makes it (pkg/controlplane/reconcilers). */
static int make_slice(struct registry *r, const char *address, int port, struct err *err)
{
	struct object o = {.group = "discovery.k8s.io",
			   .resource = "endpointslices",
			   .ns = "default",
			   .name = "kubernetes"};
	const char *type = strchr(address, ':') ? "\"addressType\":\"IPv6\"" : "\"addressType\":\"IPv4\"";
	autobuf struct buf where = BUF_INIT;

	buf_addf(
		&where,
		"%s,\"endpoints\":[{\"addresses\":[\"%s\"],\"conditions\":{\"ready\":true}}],\"ports\":[{\"name\":"
		"\"https\",\"protocol\":\"TCP\",\"port\":%d}]",
		type, address, port);
	buf_addf(
		&o.body,
		"{\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":{\"kubernetes.io/service-name\":"
		"\"kubernetes\"}},%s}",
		buf_str(&where));
	autoobj struct obj *old = find(r, &o);
	int rc = 0;
	if (old && !strstr(old->bytes, type)) /* which cannot be changed */
		rc = call(r, remove_object, "delete", &o, err);
	if (rc == 0)
		rc = keep_saying(r, &o, buf_str(&where), err);
	buf_release(&o.body);
	return rc;
}

/* Where daemons that serve the API's clients themselves learn whose certificates they may trust. */
static int make_trust(struct registry *r, const struct bootstrap_config *c, struct err *err)
{
	struct object o = {.group = "",
			   .resource = "configmaps",
			   .ns = "kube-system",
			   .name = "extension-apiserver-authentication"};
	autoobj struct obj *old = find(r, &o);
	struct err ignore = ERR_INIT;
	autojson js *tree = old ? obj_tree(old, &ignore) : NULL;
	const js *there = js_obj(tree, "data", NULL);
	autojson js *data = trust_data(there, c->client_ca_pem, &c->front_proxy, clock_wall_ns());
	if (there ? js_equal(there, data) : !js_len(data))
		return 0;
	if (!tree)
		tree = js_new_obj();
	js_set_str(js_ensure(tree, "metadata", NULL), "name", o.name);
	js_set_str(js_ensure(tree, "metadata", NULL), "namespace", o.ns);
	js_set(tree, "data", STEAL(data));
	js_write(&o.body, tree);
	int rc = call(r, old ? registry_update : registry_create, old ? "update" : "create", &o, err);
	buf_release(&o.body);
	return rc;
}

/* Used by what the cluster itself needs; nobody else may have priorities that high (kubernetes/kubernetes
   pkg/registry/scheduling/rest). */
static int make_classes(struct registry *r, struct err *err)
{
	static const struct {
		const char *name, *value, *description;
	} classes[] = {
		{"system-node-critical", "2000001000",
		 "For Pods that the system needs on the very node they run on."},
		{"system-cluster-critical", "2000000000",
		 "For Pods that the system needs, on whichever node they run."},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(classes); i++) {
		struct object o = {.group = "scheduling.k8s.io",
				   .resource = "priorityclasses",
				   .ns = "",
				   .name = classes[i].name};
		buf_addf(&o.body, "{\"metadata\":{\"name\":\"%s\"},\"value\":%s,\"description\":\"%s\"}",
			 classes[i].name, classes[i].value, classes[i].description);
		rc = create(r, &o, err);
		buf_release(&o.body);
	}
	return rc;
}

/* ---- what has dependants ---- */

static bool concerns_collection(const struct kind *k)
{
	return !k->virtual && strcmp(k->resource, "events") != 0;
}

static const char *data_key(const struct kind *k, struct buf *b)
{
	buf_clear(b);
	buf_addf(b, "%s%s%s", k->resource, *k->group ? "." : "", k->group);
	return buf_str(b);
}

/* What others have said stays, as long as there is such a resource: several servers may write here. Under a pin. */
static js *dependants_data(const struct schema *schema, struct storage *s, const js *old)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds);
	autobuf struct buf key = BUF_INIT;
	js *data = js_new_obj();

	for (size_t i = 0; i < n; i++) {
		const char *name = data_key(kinds[i], &key);
		const char *said = js_str(old, name, NULL);

		if (!concerns_collection(kinds[i]) || js_str(data, name, NULL))
			continue;
		if ((said && !strcmp(said, kinds[i]->version)) ||
		    resource_has_dependants(storage_resource(s, kinds[i])))
			js_set_str(data, name, kinds[i]->version);
	}
	return data;
}

static int make_dependants(struct registry *r, struct storage *s, struct err *err)
{
	struct object o = {
		.group = "", .resource = "configmaps", .ns = "kube-system", .name = "coracle-dependants"};
	autoobj struct obj *old = find(r, &o);
	struct err ignore = ERR_INIT;
	autojson js *tree = old ? obj_tree(old, &ignore) : NULL;
	struct schema_pin pin = schema_pin(registry_schema(r));
	autojson js *data = dependants_data(registry_schema(r), s, js_obj(tree, "data", NULL));

	schema_unpin(registry_schema(r), &pin);
	if (tree && (js_obj(tree, "data", NULL) ? js_equal(js_obj(tree, "data", NULL), data) : !js_len(data)))
		return 0;
	if (!tree)
		tree = js_new_obj();
	js_set_str(js_ensure(tree, "metadata", NULL), "name", o.name);
	js_set_str(js_ensure(tree, "metadata", NULL), "namespace", o.ns);
	js_set(tree, "data", STEAL(data));
	js_write(&o.body, tree);
	int rc = call(r, old ? registry_update : registry_create, old ? "update" : "create", &o, err);
	buf_release(&o.body);
	return rc;
}

static int make_namespaces(struct registry *r, struct err *err)
{
	static const char *const namespaces[] = {"default", "kube-system", "kube-public", "kube-node-lease"};
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(*namespaces); i++)
		if (make_namespace(r, namespaces[i], err) < 0)
			return -1;
	return 0;
}

/* ---- priority and fairness (kubernetes/kubernetes pkg/registry/flowcontrol/ensurer) ---- */

/* As Go's strconv.ParseBool has it; false: it is none. */
static bool parse_bool(const char *s, bool *ret)
{
	static const char *const words[] = {"1", "t", "T", "true",  "TRUE",  "True",
					    "0", "f", "F", "false", "FALSE", "False"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i], s)) {
			*ret = i < ARRAY_LEN(words) / 2;
			return true;
		}
	return false;
}

static const char *said(const js *o)
{
	return js_str0(o, "metadata", "annotations", INITIAL_AUTOMATIC, NULL);
}

/* Of a suggestion its annotation tells, or that nobody has changed it yet. */
static bool may_change(const struct initial *i, const js *o)
{
	bool answer;

	if (i->mandatory)
		return true;
	return parse_bool(said(o), &answer) ? answer : js_int(o, 0, "metadata", "generation", NULL) <= 1;
}

static int keep_flow(struct registry *r, const struct initial *i, struct err *err)
{
	struct object o = {.group = INITIAL_GROUP,
			   .resource = i->resource,
			   .ns = "",
			   .name = i->name,
			   .manager = "api-priority-and-fairness-config-producer-v1"};
	autoobj struct obj *old = find(r, &o);
	autojson js *tree = old ? obj_tree(old, err) : js_new_obj();
	bool says;

	if (!tree)
		return -1;
	bool automatic = may_change(i, tree);
	bool right = !automatic || initial_holds(i->resource, i->name, js_obj(tree, "spec", NULL));
	if (right && parse_bool(said(tree), &says) && says == automatic)
		return 0;
	js_set_str(js_ensure(tree, "metadata", NULL), "name", i->name);
	js_set_str(js_ensure(tree, "metadata", "annotations", NULL), INITIAL_AUTOMATIC,
		   automatic ? "true" : "false");
	if (!right)
		js_set(tree, "spec", initial_spec(i->resource, i->name));
	js_write(&o.body, tree);
	int rc = call(r, old ? registry_update : registry_create, old ? "update" : "create", &o, err);
	buf_release(&o.body);
	return rc;
}

static int keep_flows(struct registry *r, struct err *err)
{
	struct initial o;

	for (size_t i = 0; initial_at(i, &o); i++)
		if (keep_flow(r, &o, err) < 0)
			return -1;
	return 0;
}

int bootstrap_keep(struct registry *r, const struct bootstrap_config *c, struct err *err)
{
	if (make_namespaces(r, err) < 0 || make_service(r, c->port, err) < 0 || keep_flows(r, err) < 0)
		return -1;
	if (c->storage && make_dependants(r, c->storage, err) < 0)
		return -1;
	return make_trust(r, c, err);
}

int bootstrap(struct registry *r, const struct bootstrap_config *c, struct err *err)
{
	if (make_namespaces(r, err) < 0 || make_classes(r, err) < 0 || make_cidr(r, err) < 0 ||
	    bootstrap_keep(r, c, err) < 0)
		return -1;
	if (!strncmp(c->address, "127.", 4) ||
	    !strcmp(c->address, "::1")) /* of no use to anybody but this host, and not allowed */
		return 0;
	if (make_endpoints(r, c->address, c->port, err) < 0)
		return -1;
	return make_slice(r, c->address, c->port, err);
}
