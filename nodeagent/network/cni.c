/* SPDX-License-Identifier: Apache-2.0 */
#include "network/cni.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "object/json.h"
#include "os/process.h"

#define PLUGIN_TIMEOUT_NS (60 * NS_PER_S)
#define ERRORS_MAX 8192

/* Plugins are kept as text: a json-c tree belongs to one thread, a list is used by all. */
struct plugin {
	char *type, *config;
	bool port_mappings; /* capabilities.portMappings */
};

struct cni_list {
	char *name, *version;
	struct plugin v[CNI_PLUGINS_MAX];
	size_t n;
};

void cni_list_free(struct cni_list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].type);
		free(l->v[i].config);
	}
	free(l->name);
	free(l->version);
	free(l);
}

const char *cni_list_name(const struct cni_list *l)
{
	return l->name;
}

size_t cni_list_plugins(const struct cni_list *l)
{
	return l->n;
}

/* A type is a file name in the plugin directories; nothing else. */
static bool type_valid(const char *s)
{
	return *s && strlen(s) < 128 && !strchr(s, '/') && strcmp(s, ".") && strcmp(s, "..");
}

static int add_plugin(struct cni_list *l, const js *p, struct err *err)
{
	const char *type = js_str0(p, "type", NULL);
	if (!type_valid(type))
		return err_set(err, REASON_INVALID, "CNI configuration: bad plugin type \"%.100s\"", type);
	if (l->n == CNI_PLUGINS_MAX)
		return err_set(err, REASON_INVALID, "CNI configuration: more than %d plugins",
			       CNI_PLUGINS_MAX);
	autobuf struct buf b = BUF_INIT;
	js_write(&b, p);
	struct plugin *v = &l->v[l->n++];
	v->type = mem_strdup(type);
	v->config = buf_take(&b, NULL);
	v->port_mappings = js_bool(p, false, "capabilities", "portMappings", NULL);
	return 0;
}

static int parse_into(struct cni_list *l, const js *doc, struct err *err)
{
	l->name = mem_strdup(js_str0(doc, "name", NULL));
	l->version = mem_strdup(js_str(doc, "cniVersion", NULL) ? js_str0(doc, "cniVersion", NULL) : "0.2.0");
	if (!*l->name || strchr(l->name, '/'))
		return err_set(err, REASON_INVALID, "CNI configuration: no name");
	const js *plugins = js_arr(doc, "plugins", NULL);
	if (!plugins)
		return add_plugin(l, doc, err);
	if (!js_len(plugins))
		return err_set(err, REASON_INVALID, "CNI configuration: no plugins");
	js_array_for_each (p, plugins)
		if (add_plugin(l, p, err) < 0)
			return -1;
	return 0;
}

struct cni_list *cni_list_parse(const char *p, size_t n, struct err *err)
{
	if (n > CNI_CONFIG_MAX) {
		err_set(err, REASON_TOO_LARGE, "CNI configuration: larger than %u bytes", CNI_CONFIG_MAX);
		return NULL;
	}
	autojson js *doc = js_parse(p, n, NULL, err);
	if (!doc)
		return NULL;
	struct cni_list *l = MEM_NEW(struct cni_list);
	if (parse_into(l, doc, err) < 0) {
		cni_list_free(l);
		return NULL;
	}
	return l;
}

static void lower(char *s)
{
	for (; *s; s++)
		*s |= *s >= 'A' && *s <= 'Z' ? 0x20 : 0;
}

static js *port_mappings(const struct cni_attachment *a)
{
	js *arr = js_new_arr();
	for (size_t i = 0; i < a->n_ports; i++) {
		const struct cni_port *p = &a->ports[i];
		autofree char *protocol = mem_strdup(p->protocol ? p->protocol : "tcp");
		lower(protocol);
		js *o = js_new_obj();
		js_set_int(o, "hostPort", p->host_port);
		js_set_int(o, "containerPort", p->container_port);
		js_set_str(o, "protocol", protocol);
		if (p->host_ip && *p->host_ip)
			js_set_str(o, "hostIP", p->host_ip);
		js_push(arr, o);
	}
	return arr;
}

int cni_plugin_config(const struct cni_list *l, size_t i, const struct cni_attachment *a, const char *prev,
		      struct buf *out, struct err *err)
{
	autojson js *o = js_parse(l->v[i].config, strlen(l->v[i].config), NULL, err);
	if (!o)
		return -1;
	js_del(o, "capabilities");
	js_set_str(o, "name", l->name);
	js_set_str(o, "cniVersion", l->version);
	if (l->v[i].port_mappings && a->n_ports)
		js_set(js_ensure(o, "runtimeConfig", NULL), "portMappings", port_mappings(a));
	if (prev && *prev) {
		js *r = js_parse(prev, strlen(prev), NULL, err);
		if (!r)
			return -1;
		js_set(o, "prevResult", r);
	}
	js_write(out, o);
	return 0;
}

int cni_result_parse(const char *p, size_t n, struct cni_result *ret, struct err *err)
{
	if (n > CNI_RESULT_MAX)
		return err_set(err, REASON_TOO_LARGE, "CNI result: larger than %u bytes", CNI_RESULT_MAX);
	autojson js *doc = js_parse(p, n, NULL, err);
	if (!doc)
		return err_wrap(err, "CNI result");
	struct cni_result r = {0};
	js_array_for_each (ip, js_arr(doc, "ips", NULL)) {
		const char *address = js_str0(ip, "address", NULL);
		size_t len = strcspn(address, "/");
		unsigned char raw[16];
		if (r.n_ips == CNI_IPS_MAX)
			break;
		if (len >= sizeof(r.ips[0]))
			return err_set(err, REASON_INVALID, "CNI result: bad address");
		memcpy(r.ips[r.n_ips], address, len);
		if (inet_pton(AF_INET, r.ips[r.n_ips], raw) != 1 &&
		    inet_pton(AF_INET6, r.ips[r.n_ips], raw) != 1)
			return err_set(err, REASON_INVALID, "CNI result: bad address \"%s\"", r.ips[r.n_ips]);
		r.n_ips++;
	}
	*ret = r;
	return 0;
}

/* ---- running plugins ---- */

static char *find_plugin(const char *dirs, const char *type, struct err *err)
{
	for (const char *p = dirs; *p; p += strcspn(p, ":"), p += *p == ':') {
		char *path = mem_printf("%.*s/%s", (int)strcspn(p, ":"), p, type);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	err_set(err, REASON_NOT_FOUND, "failed to find plugin \"%s\" in path [%s]", type, dirs);
	return NULL;
}

/* Plugins report failures as JSON on stdout. */
static int plugin_failed(const char *type, int status, const struct buf *out, const struct buf *errors,
			 struct err *err)
{
	struct err ignored = ERR_INIT;
	autojson js *o = out->len ? js_parse(buf_str(out), out->len, NULL, &ignored) : NULL;
	const char *msg = o ? js_str(o, "msg", NULL) : NULL, *details = o ? js_str0(o, "details", NULL) : "";
	if (msg)
		return err_set(err, REASON_INTERNAL, "plugin type=\"%s\" failed: %s%s%s", type, msg,
			       *details ? "; " : "", details);
	return err_set(err, REASON_INTERNAL, "plugin type=\"%s\" failed: exit status %d: %.300s", type,
		       status, buf_str(errors));
}

static int run_plugin(const struct cni_list *l, size_t i, const struct cni_attachment *a, const char *command,
		      const char *prev, struct buf *out, struct err *err)
{
	autobuf struct buf in = BUF_INIT, errors = BUF_INIT_MAX(ERRORS_MAX);
	autofree char *path = find_plugin(a->bin_dirs, l->v[i].type, err);
	if (!path || cni_plugin_config(l, i, a, prev, &in, err) < 0)
		return -1;
	const char *search = getenv("PATH");
	autofree char *
		cmd = mem_printf("CNI_COMMAND=%s", command),
	       *id = mem_printf("CNI_CONTAINERID=%s", a->container_id),
	       *ns = mem_printf("CNI_NETNS=%s", a->netns), *ifname = mem_printf("CNI_IFNAME=%s", a->ifname),
	       *dirs = mem_printf("CNI_PATH=%s", a->bin_dirs),
	       *env_path = mem_printf("PATH=%s", search ? search : "/usr/sbin:/usr/bin:/sbin:/bin"),
	       *args = mem_printf(
		       "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=%s;K8S_POD_NAME=%s;K8S_POD_INFRA_CONTAINER_ID=%s;K8S_POD_UID=%s",
		       a->pod_namespace, a->pod_name, a->container_id, a->pod_uid);
	struct process_spec s = {
		.argv = (const char *const[]){path, NULL},
		.env = (const char *const[]){cmd, id, ns, ifname, dirs, env_path, args, NULL},
		.in = in.p,
		.in_len = in.len,
		.out = out,
		.errors = &errors,
		.timeout_ns = PLUGIN_TIMEOUT_NS,
		.pass_fd = {a->lock_fd},
		.n_pass_fd = a->lock_fd > 0};
	int status;
	out->max = CNI_RESULT_MAX;
	if (process_run(&s, &status, err) < 0)
		return -1;
	if (status)
		return plugin_failed(l->v[i].type, status, out, &errors, err);
	return buf_overflowed(out)
		       ? err_set(err, REASON_TOO_LARGE, "CNI result of %s is too large", l->v[i].type)
		       : 0;
}

/* portmap without mappings passes its prevResult through; the run can be saved. */
static bool needless(const struct cni_list *l, size_t i, const struct cni_attachment *a)
{
	return i && !a->n_ports && !strcmp(l->v[i].type, "portmap");
}

int cni_add(const struct cni_list *l, const struct cni_attachment *a, struct buf *raw, struct cni_result *ret,
	    struct err *err)
{
	autobuf struct buf prev = BUF_INIT;
	int rc = 0;
	for (size_t i = 0; i < l->n && rc == 0; i++) {
		if (needless(l, i, a))
			continue;
		autobuf struct buf out = BUF_INIT;
		rc = run_plugin(l, i, a, "ADD", prev.p, &out, err);
		/* Some plugins have nothing to say; the result before theirs stands. */
		if (rc == 0 && out.len) {
			buf_clear(&prev);
			buf_add(&prev, out.p, out.len);
		}
	}
	if (rc == 0)
		rc = cni_result_parse(buf_str(&prev), prev.len, ret, err);
	if (rc < 0) {
		struct err ignored = ERR_INIT;
		(void)!cni_del(l, a, prev.p, &ignored);
		return -1;
	}
	buf_add(raw, buf_str(&prev), prev.len);
	return 0;
}

int cni_del(const struct cni_list *l, const struct cni_attachment *a, const char *prev, struct err *err)
{
	int rc = 0;
	for (size_t i = l->n; i-- > 0;) {
		autobuf struct buf out = BUF_INIT;
		struct err e = ERR_INIT;
		if (!needless(l, i, a) && run_plugin(l, i, a, "DEL", prev, &out, &e) < 0 && rc == 0) {
			*err = e;
			rc = -1;
		}
	}
	return rc;
}
