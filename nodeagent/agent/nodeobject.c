/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/nodeobject.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "object/name.h"
#include "object/quantity.h"
#include "object/condition.h"
#include "object/rfc3339.h"
#include "object/version.h"
#include "os/tree.h"

/* ---- facts ---- */

static char *read_line(const char *path)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	if (tree_read(path, 4096, &b, &err) < 0)
		return mem_strdup(""); /* not every machine has every file */
	return mem_strndup(buf_str(&b), strcspn(buf_str(&b), "\n"));
}

/* The value of `key` in a file of lines "KEY<sep>VALUE". */
static char *read_value(const char *path, const char *key)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	size_t n = strlen(key);
	if (tree_read(path, 64 * 1024, &b, &err) < 0)
		return mem_strdup("");
	for (const char *p = buf_str(&b); *p;) {
		size_t len = strcspn(p, "\n");
		if (len > n && !strncmp(p, key, n)) {
			p += n;
			len -= n;
			while (len && strchr(" \t\"", *p)) {
				p++;
				len--;
			}
			while (len && strchr(" \t\"", p[len - 1]))
				len--;
			return mem_strndup(p, len);
		}
		p += len + (p[len] == '\n');
	}
	return mem_strdup("");
}

static const struct {
	const char *machine, *name;
} arch_names[] = {{"x86_64", "amd64"},	  {"aarch64", "arm64"},	  {"armv7l", "arm"}, {"i686", "386"},
		  {"ppc64le", "ppc64le"}, {"riscv64", "riscv64"}, {"s390x", "s390x"}};

static bool kernel_has_apparmor(void)
{
	struct err ignored = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	return tree_read("/sys/module/apparmor/parameters/enabled", 16, &b, &ignored) == 0 &&
	       *buf_str(&b) == 'Y';
}

static void bytes_text(int64_t bytes, char out[QUANTITY_TEXT_MAX])
{
	struct quantity q = {(__int128)bytes * NS_PER_S, QUANTITY_BINARY_SI};
	quantity_format(&q, out);
}

void node_facts_huge(struct node_facts *f, const struct hugepages *h)
{
	for (size_t i = 0; i < h->n; i++) {
		char size[QUANTITY_TEXT_MAX], all[QUANTITY_TEXT_MAX];
		int64_t bytes = h->v[i].size * h->v[i].count;
		bytes_text(h->v[i].size, size);
		bytes_text(bytes, all);
		autofree char *name = mem_printf("hugepages-%s", size);
		if (!f->huge)
			f->huge = js_new_obj();
		js_set_str(f->huge, name, all);
		f->huge_bytes += bytes;
	}
}

void node_facts_read(struct node_facts *f, const char *root)
{
	struct utsname u;
	struct statvfs vfs;
	*f = (struct node_facts){0};
	uname(&u);
	f->hostname = mem_strdup(u.nodename);
	f->apparmor = kernel_has_apparmor();
	f->kernel = mem_strdup(u.release);
	f->arch = mem_strdup(u.machine);
	for (size_t i = 0; i < ARRAY_LEN(arch_names); i++)
		if (!strcmp(arch_names[i].machine, u.machine)) {
			free(f->arch);
			f->arch = mem_strdup(arch_names[i].name);
		}
	f->os_image = read_value("/etc/os-release", "PRETTY_NAME=");
	f->machine_id = read_line("/etc/machine-id");
	f->boot_id = read_line("/proc/sys/kernel/random/boot_id");
	f->system_uuid = read_line("/sys/class/dmi/id/product_uuid");
	if (!*f->system_uuid) {
		free(f->system_uuid);
		f->system_uuid = mem_strdup(f->machine_id);
	}
	/* Threads take numbers too: the smaller bound is the machine's. */
	autofree char *pids = read_line("/proc/sys/kernel/pid_max"),
		      *threads = read_line("/proc/sys/kernel/threads-max");
	f->pids = strtoll(pids, NULL, 10);
	if (*threads && strtoll(threads, NULL, 10) < f->pids)
		f->pids = strtoll(threads, NULL, 10);
	f->cpu_milli = sysconf(_SC_NPROCESSORS_ONLN) * 1000;
	autofree char *kib = read_value("/proc/meminfo", "MemTotal:");
	f->memory = strtoll(kib, NULL, 10) * 1024;
	if (statvfs(root, &vfs) == 0 || statvfs("/", &vfs) == 0)
		f->storage = (int64_t)vfs.f_blocks * (int64_t)vfs.f_frsize;
	struct hugepages huge;
	hugepages_read(HUGEPAGES_DIR, &huge);
	node_facts_huge(f, &huge);
}

void node_facts_release(struct node_facts *f)
{
	char *all[] = {f->hostname,   f->arch,	  f->kernel,	 f->os_image,
		       f->machine_id, f->boot_id, f->system_uuid};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		free(all[i]);
	js_autoput(&f->huge);
	*f = (struct node_facts){0};
}

/* ---- the object ---- */

js *nodeobject_parse_labels(const char *text, struct err *err)
{
	autojson js *l = js_new_obj();
	autofree char *copy = mem_strdup(text);
	char *save = NULL;
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(item, '=');
		const char *value = equals ? equals + 1 : "";
		if (equals)
			*equals = '\0';
		struct name_faults wrong;
		if (name_check_qualified(item, &wrong) || name_check_label_value(value, &wrong)) {
			err_set(err, REASON_BAD_REQUEST, "--node-labels: \"%s=%s\": %s", item, value,
				wrong.v[0]);
			return NULL;
		}
		js_set_str(l, item, value);
	}
	return STEAL(l);
}

static bool read_taint(char *item, js *list)
{
	static const char *const effects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute"};
	char *colon = strrchr(item, ':'), *equals;
	bool known = false;
	struct name_faults wrong;

	if (!colon)
		return false;
	*colon = '\0';
	for (size_t i = 0; i < ARRAY_LEN(effects); i++)
		known |= !strcmp(colon + 1, effects[i]);
	if ((equals = strchr(item, '=')))
		*equals = '\0';
	if (!known || name_check_qualified(item, &wrong) ||
	    (equals && name_check_label_value(equals + 1, &wrong)))
		return false;
	js *t = js_new_obj();
	js_set_str(t, "key", item);
	if (equals && equals[1])
		js_set_str(t, "value", equals + 1);
	js_set_str(t, "effect", colon + 1);
	js_push(list, t);
	return true;
}

static bool read_resource(char *item, js *o)
{
	char *equals = strchr(item, '=');
	struct name_faults wrong;
	struct quantity q;
	struct err ignored = ERR_INIT;

	if (!equals)
		return false;
	*equals = '\0';
	if (!strchr(item, '/') || name_check_qualified(item, &wrong) ||
	    quantity_parse(equals + 1, &q, &ignored) < 0)
		return false;
	js_set_str(o, item, equals + 1);
	return true;
}

/* Each part of a list with commas by fn into ret. */
static js *parse_list(const char *text, const char *flag, bool (*fn)(char *item, js *ret), js *empty,
		      struct err *err)
{
	autojson js *ret = empty;
	autofree char *copy = mem_strdup(text);
	char *save = NULL;

	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		autofree char *said = mem_strdup(item);

		if (fn(item, ret))
			continue;
		err_set(err, REASON_BAD_REQUEST, "%s: \"%s\" is not understood", flag, said);
		return NULL;
	}
	return STEAL(ret);
}

js *nodeobject_parse_taints(const char *text, struct err *err)
{
	return parse_list(text, "taints", read_taint, js_new_arr(), err);
}

js *nodeobject_parse_resources(const char *text, struct err *err)
{
	return parse_list(text, "--fake-resources", read_resource, js_new_obj(), err);
}

static void set_all(js *o, const js *from)
{
	struct js_iter it = js_iter(from);

	while (js_next(&it))
		js_set(o, it.key, js_dup(it.value));
}

js *nodeobject_labels(const struct node_object *n)
{
	js *l = js_new_obj();
	js_set_str(l, "beta.kubernetes.io/arch", n->facts->arch);
	js_set_str(l, "beta.kubernetes.io/os", "linux");
	js_set_str(l, "kubernetes.io/arch", n->facts->arch);
	js_set_str(l, "kubernetes.io/hostname", n->name);
	js_set_str(l, "kubernetes.io/os", "linux");
	if (n->zone) {
		char zone[32];

		snprintf(zone, sizeof(zone), "zone-%d", n->zone);
		js_set_str(l, "topology.kubernetes.io/zone", zone);
	}
	if (n->labels)
		set_all(l, n->labels);
	return l;
}

static void set_bytes(js *o, const char *key, int64_t bytes)
{
	char text[32];
	if (bytes && bytes % 1024 == 0)
		snprintf(text, sizeof(text), "%" PRId64 "Ki", bytes / 1024);
	else
		snprintf(text, sizeof(text), "%" PRId64, bytes);
	js_set_str(o, key, text);
}

static void set_cpu(js *o, int64_t milli)
{
	char text[32];
	if (milli % 1000)
		snprintf(text, sizeof(text), "%" PRId64 "m", milli);
	else
		snprintf(text, sizeof(text), "%" PRId64, milli / 1000);
	js_set_str(o, "cpu", text);
}

static js *amounts(const struct node_object *n)
{
	js *o = js_new_obj();
	char text[32];
	set_cpu(o, n->facts->cpu_milli);
	set_bytes(o, "ephemeral-storage", n->facts->storage);
	set_all(o, n->facts->huge);
	set_bytes(o, "memory", n->facts->memory);
	snprintf(text, sizeof(text), "%d", n->max_pods);
	js_set_str(o, "pods", text);
	if (n->resources)
		set_all(o, n->resources);
	return o;
}

static js *addresses(const struct node_object *n)
{
	const struct {
		const char *type, *address;
	} rows[] = {{"InternalIP", n->ip}, {"Hostname", n->name}};
	js *list = js_new_arr();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		js *a = js_new_obj();
		js_set_str(a, "type", rows[i].type);
		js_set_str(a, "address", rows[i].address);
		js_push(list, a);
	}
	return list;
}

static js *conditions(const struct node_object *n, const js *old, int64_t now_ns)
{
	bool memory = n->pressure && n->pressure[0], disk = n->pressure && n->pressure[1],
	     pids = n->pressure && n->pressure[2];
	const struct {
		const char *type;
		bool yes;
		const char *reason, *message;
	} rows[] = {
		{"MemoryPressure", memory,
		 memory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
		 memory ? "kubelet has insufficient memory available"
			: "kubelet has sufficient memory available"},
		{"DiskPressure", disk, disk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
		 disk ? "kubelet has disk pressure" : "kubelet has no disk pressure"},
		{"PIDPressure", pids, pids ? "KubeletHasInsufficientPID" : "KubeletHasSufficientPID",
		 pids ? "kubelet has insufficient PID available" : "kubelet has sufficient PID available"},
		{"Ready", n->ready, n->ready ? "KubeletReady" : "KubeletNotReady",
		 n->ready ? "kubelet is posting ready status" : n->not_ready_why},
	};
	char now[RFC3339_MAX];
	js *list = js_new_arr();
	rfc3339_format(now_ns, now);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *status = rows[i].yes ? "True" : "False";
		const js *was = condition_find(js_arr(old, "conditions", NULL), rows[i].type);
		bool same = was && !strcmp(js_str0(was, "status", NULL), status);
		const char *since = same ? js_str(was, "lastTransitionTime", NULL) : NULL;
		js *c = js_new_obj();
		js_set_str(c, "type", rows[i].type);
		js_set_str(c, "status", status);
		js_set_str(c, "lastHeartbeatTime", now);
		js_set_str(c, "lastTransitionTime", since ? since : now);
		js_set_str(c, "reason", rows[i].reason);
		js_set_str(c, "message", rows[i].message);
		js_push(list, c);
	}
	return list;
}

static js *node_info(const struct node_object *n)
{
	js *o = js_new_obj();
	autofree char *runtime = mem_printf("%s://%s", n->runtime, n->runtime_version);
	js_set_str(o, "machineID", n->facts->machine_id);
	js_set_str(o, "systemUUID", n->facts->system_uuid);
	js_set_str(o, "bootID", n->facts->boot_id);
	js_set_str(o, "kernelVersion", n->facts->kernel);
	js_set_str(o, "osImage", n->facts->os_image);
	js_set_str(o, "containerRuntimeVersion", runtime);
	js_set_str(o, "kubeletVersion", KUBERNETES_VERSION);
	js_set_str(o, "kubeProxyVersion", "");
	js_set_str(o, "operatingSystem", "linux");
	js_set_str(o, "architecture", n->facts->arch);
	return o;
}

static void set_handlers(const struct node_object *n, js *st)
{
	js *list = js_ensure_arr(st, "runtimeHandlers");
	for (size_t i = 0; i < n->n_handlers; i++) {
		const struct runtime_handler *h = &n->handlers[i];
		js *o = js_new_obj(), *features = js_ensure(o, "features", NULL);
		js_set_str(o, "name", h->name);
		js_set_bool(features, "recursiveReadOnlyMounts", h->recursive_readonly);
		js_set_bool(features, "userNamespaces", h->user_namespaces);
		js_push(list, o);
	}
	/* Of the runtime itself: it does what a Pod says of its groups. */
	js_set_bool(js_ensure(st, "features", NULL), "supplementalGroupsPolicy", true);
}

static int larger(const void *a, const void *b)
{
	const struct runtime_image *x = *(const struct runtime_image *const *)a;
	const struct runtime_image *y = *(const struct runtime_image *const *)b;
	return (x->size < y->size) - (x->size > y->size);
}

static js *images(const struct runtime_image_list *l)
{
	js *list = js_new_arr();
	const struct runtime_image **v = mem_array(l->n, sizeof(struct runtime_image *));
	for (size_t i = 0; i < l->n; i++)
		v[i] = &l->v[i];
	qsort(v, l->n, sizeof(*v), larger);
	for (size_t i = 0; i < l->n && i < NODEOBJECT_MAX_IMAGES; i++) {
		js *o = js_new_obj(), *names = js_new_arr();
		for (size_t k = 0; v[i]->names && v[i]->names[k] && k < NODEOBJECT_MAX_NAMES; k++)
			js_push(names, js_new_str(v[i]->names[k]));
		if (!js_len(names) && v[i]->ref)
			js_push(names, js_new_str(v[i]->ref));
		js_set(o, "names", names);
		js_set_int(o, "sizeBytes", v[i]->size);
		js_push(list, o);
	}
	free(v);
	return list;
}

/* An extended resource is whoever's who advertises it: a patch of the capacity, and the node gives it out
   (kubernetes/kubernetes pkg/kubelet/nodestatus, MachineInfo). */
js *nodeobject_foreign(const struct node_object *n, const js *capacity, const js *before, bool *ret_changed)
{
	autojson js *own = amounts(n);
	js *foreign = js_new_obj();

	*ret_changed = false;
	for (struct js_iter it = js_iter(capacity); js_next(&it);)
		if (strchr(it.key, '/') && js_is_str(it.value) && !js_field(own, it.key)) {
			js_set_str(foreign, it.key, json_object_get_string(it.value));
			*ret_changed |=
				strcmp(js_str0(before, it.key, NULL), json_object_get_string(it.value)) != 0;
		}
	for (struct js_iter it = js_iter(before); js_next(&it);)
		if (js_is_str(it.value) && !js_field(foreign, it.key)) {
			js_set(foreign, it.key, NULL);
			*ret_changed = true;
		}
	if (js_len(foreign))
		return foreign;
	js_autoput(&foreign);
	return NULL;
}

int nodeobject_add(const js *amounts, struct resources *r, struct err *err)
{
	for (struct js_iter it = js_iter(amounts); js_next(&it);) {
		struct quantity q;
		if (!it.value)
			continue;
		if (quantity_parse(js_str0(it.value, NULL), &q, err) < 0)
			return -1;
		resources_add_list(r,
				   &(struct resource_amount){.name = it.key,
							     .value = quantity_value(&q),
							     .milli = quantity_milli(&q)},
				   1);
	}
	return 0;
}

static js *allocatable(const struct node_object *n)
{
	js *o = amounts(n);

	if (n->allocatable.bounded) {
		set_cpu(o, n->allocatable.cpu_milli);
		set_bytes(o, "memory", n->allocatable.memory);
		set_bytes(o, "ephemeral-storage", n->allocatable.storage);
	}
	for (struct js_iter it = js_iter(n->foreign); js_next(&it);)
		js_set(o, it.key, js_is_str(it.value) ? js_new_str(json_object_get_string(it.value)) : NULL);
	return o;
}

js *nodeobject_status(const struct node_object *n, const js *old, int64_t now_ns)
{
	js *st = js_new_obj();
	js_set(st, "capacity", amounts(n));
	js_set(st, "allocatable", allocatable(n));
	js_set(st, "conditions", conditions(n, old, now_ns));
	js_set(st, "addresses", addresses(n));
	js_set_int(js_ensure(st, "daemonEndpoints", "kubeletEndpoint", NULL), "Port", n->port);
	js_set(st, "nodeInfo", node_info(n));
	if (n->n_handlers)
		set_handlers(n, st);
	if (n->images && n->images->n)
		js_set(st, "images", images(n->images));
	return st;
}

js *nodeobject_new(const struct node_object *n, int64_t now_ns)
{
	js *o = js_new_obj(), *meta = js_ensure(o, "metadata", NULL);
	js_set_str(o, "apiVersion", "v1");
	js_set_str(o, "kind", "Node");
	js_set_str(meta, "name", n->name);
	js_set(meta, "labels", nodeobject_labels(n));
	js_set_str(js_ensure(meta, "annotations", NULL),
		   "volumes.kubernetes.io/controller-managed-attach-detach", "true");
	if (n->pod_cidr && *n->pod_cidr) {
		js *spec = js_ensure(o, "spec", NULL);
		js_set_str(spec, "podCIDR", n->pod_cidr);
		js_push(js_ensure_arr(spec, "podCIDRs"), js_new_str(n->pod_cidr));
	}
	if (n->taints && js_len(n->taints))
		js_set(js_ensure(o, "spec", NULL), "taints", js_dup(n->taints));
	js_set(o, "status", nodeobject_status(n, NULL, now_ns));
	return o;
}
