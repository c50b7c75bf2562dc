/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own network is the CNI bridge plugin with ipMasq off: with it on, each ADD would run iptables half a
 * dozen times. Instead one nftables table masquerades the whole podCIDR, which is also what makes it easy to
 * take away. Where nft does not work, ipMasq is on again and Pods start slower.
 *
 * The configuration in force at ADD travels in the saved result, so that DEL undoes what was done even when
 * the user has changed the directory since.
 */
#include "network/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "object/json.h"
#include "os/process.h"
#include "os/tree.h"

#define SAVED_MAX (CNI_CONFIG_MAX + CNI_RESULT_MAX)

struct network {
	struct network_config c;
	pthread_mutex_t lock; /* guards cidr and own */
	char *cidr;	      /* NULL until known */
	char *own;	      /* our configuration list for it */
};

struct network *network_new(const struct network_config *c)
{
	struct network *n = MEM_NEW(struct network);
	n->c = *c;
	if (!n->c.bin_dirs)
		n->c.bin_dirs = NETWORK_BIN_DIRS;
	if (!n->c.conf_dir)
		n->c.conf_dir = NETWORK_CONF_DIR;
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void network_free(struct network *n)
{
	if (!n)
		return;
	pthread_mutex_destroy(&n->lock);
	free(n->cidr);
	free(n->own);
	free(n);
}

/* ---- names ---- */

static void bridge_name(const struct network_config *c, char out[IFNAMSIZ])
{
	snprintf(out, IFNAMSIZ, "cor%s", c->cluster_id);
}

static int parse_cidr(const char *s, bool *ret_v6, struct err *err)
{
	char addr[64];
	unsigned char raw[16];
	unsigned bits;
	char rest;
	if (sscanf(s, "%63[0-9a-fA-F.:]/%3u%c", addr, &bits, &rest) == 2) {
		if (inet_pton(AF_INET, addr, raw) == 1 && bits <= 30) {
			*ret_v6 = false;
			return 0;
		}
		if (inet_pton(AF_INET6, addr, raw) == 1 && bits <= 126) {
			*ret_v6 = true;
			return 0;
		}
	}
	return err_set(err, REASON_INVALID, "bad podCIDR \"%.100s\"", s);
}

/* ---- our own network ---- */

static void write_default(const struct network_config *c, const char *cidr, bool v6, bool ip_masq,
			  struct buf *out)
{
	char bridge[IFNAMSIZ];
	bridge_name(c, bridge);
	autofree char *name = mem_printf("coracle-%s", c->cluster_id),
		      *data = mem_printf("%s/cni/networks", c->root);
	autojson js *doc = js_new_obj();
	js_set_str(doc, "cniVersion", "1.0.0");
	js_set_str(doc, "name", name);
	js *plugins = js_ensure_arr(doc, "plugins"), *b = js_new_obj(), *portmap = js_new_obj();
	js_push(plugins, b);
	js_set_str(b, "type", "bridge");
	js_set_str(b, "bridge", bridge);
	js_set_bool(b, "isGateway", true);
	js_set_bool(b, "ipMasq", ip_masq);
	js_set_bool(b, "hairpinMode", true);
	js *ipam = js_ensure(b, "ipam", NULL), *range = js_new_arr(), *subnet = js_new_obj(),
	   *route = js_new_obj();
	js_set_str(ipam, "type", "host-local");
	js_set_str(ipam, "dataDir", data);
	js_set_str(subnet, "subnet", cidr);
	js_push(range, subnet);
	js_push(js_ensure_arr(ipam, "ranges"), range);
	js_set_str(route, "dst", v6 ? "::/0" : "0.0.0.0/0");
	js_push(js_ensure_arr(ipam, "routes"), route);
	js_push(plugins, portmap);
	js_set_str(portmap, "type", "portmap");
	js_set_bool(js_ensure(portmap, "capabilities", NULL), "portMappings", true);
	js_write_pretty(out, doc);
}

int network_default_config(const struct network_config *c, const char *cidr, struct buf *out, struct err *err)
{
	bool v6;
	if (parse_cidr(cidr, &v6, err) < 0)
		return -1;
	write_default(c, cidr, v6, false, out);
	return 0;
}

static int run_nft(const char *script, struct err *err)
{
	autobuf struct buf errors = BUF_INIT_MAX(1024);
	struct process_spec s = {.argv = (const char *const[]){"nft", "-f", "-", NULL},
				 .in = script,
				 .in_len = strlen(script),
				 .errors = &errors};
	int status;
	if (process_run(&s, &status, err) < 0)
		return -1;
	return status ? err_set(err, REASON_INTERNAL, "nft: %.300s", buf_str(&errors)) : 0;
}

/* A table is declared before it is deleted so that deleting never fails; the batch is one transaction. */
static int masquerade(const struct network_config *c, const char *cidr, bool v6, struct err *err)
{
	const char *f = v6 ? "ip6" : "ip", *multicast = v6 ? "ff00::/8" : "224.0.0.0/4";
	autofree char *script = mem_printf(
		"table %s coracle-%s {}\ndelete table %s coracle-%s\n"
		"table %s coracle-%s {\n chain pods {\n  type nat hook postrouting priority srcnat; policy accept;\n"
		"  %s saddr %s %s daddr != { %s, %s } masquerade\n }\n}\n",
		f, c->cluster_id, f, c->cluster_id, f, c->cluster_id, f, cidr, f, cidr, multicast);
	return run_nft(script, err);
}

int network_set_pod_cidr(struct network *n, const char *cidr, struct err *err)
{
	bool v6;
	if (parse_cidr(cidr, &v6, err) < 0)
		return -1;
	pthread_mutex_lock(&n->lock);
	bool same = n->cidr && !strcmp(n->cidr, cidr);
	pthread_mutex_unlock(&n->lock);
	if (same)
		return 0;
	struct err ignored = ERR_INIT;
	bool plugin_masquerades = masquerade(&n->c, cidr, v6, &ignored) < 0;
	autobuf struct buf text = BUF_INIT;
	write_default(&n->c, cidr, v6, plugin_masquerades, &text);
	autofree char *dir = mem_printf("%s/cni/net.d", n->c.root),
		      *file = mem_printf("%s/10-coracle.conflist", dir);
	if (tree_mkdirs(dir, 0755, err) < 0 ||
	    tree_write(file, text.p, text.len, 0644, TREE_VOLATILE, err) < 0)
		return -1;
	pthread_mutex_lock(&n->lock);
	free(n->cidr);
	free(n->own);
	n->cidr = mem_strdup(cidr);
	n->own = buf_take(&text, NULL);
	pthread_mutex_unlock(&n->lock);
	return 0;
}

/* ---- which configuration ---- */

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n > m && !strcmp(s + n - m, suffix);
}

static bool first_config(void *arg, const char *name)
{
	char **best = arg;
	if ((ends_with(name, ".conflist") || ends_with(name, ".conf") || ends_with(name, ".json")) &&
	    (!*best || strcmp(name, *best) < 0)) {
		free(*best);
		*best = mem_strdup(name);
	}
	return true;
}

static int current_config(struct network *n, struct buf *out, struct err *err)
{
	autofree char *first = NULL;
	if (tree_names(n->c.conf_dir, first_config, &first, err) < 0)
		return -1;
	if (first) {
		autofree char *path = mem_printf("%s/%s", n->c.conf_dir, first);
		return tree_read(path, CNI_CONFIG_MAX, out, err);
	}
	pthread_mutex_lock(&n->lock);
	if (n->own)
		buf_adds(out, n->own);
	pthread_mutex_unlock(&n->lock);
	return out->len ? 0
			: err_set(err, REASON_UNAVAILABLE,
				  "Network plugin returns error: cni plugin not initialized");
}

bool network_ready(struct network *n, struct err *why)
{
	autobuf struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	bool ready = current_config(n, &b, &e) == 0;
	if (!ready && why)
		*why = e;
	return ready;
}

/* ---- Pods ---- */

static struct cni_attachment attachment(const struct network *n, const char *sandbox_id,
					const struct network_pod *pod, const char *netns)
{
	return (struct cni_attachment){.container_id = sandbox_id,
				       .netns = netns,
				       .ifname = "eth0",
				       .pod_namespace = pod->namespace,
				       .pod_name = pod->name,
				       .pod_uid = pod->uid,
				       .ports = pod->ports,
				       .n_ports = pod->n_ports,
				       .bin_dirs = n->c.bin_dirs,
				       .lock_fd = n->c.lock_fd};
}

int network_plan(struct network *n, struct buf *result, struct err *err)
{
	autobuf struct buf config = BUF_INIT;
	if (current_config(n, &config, err) < 0)
		return -1;
	autojson js *o = js_new_obj();
	js_set(o, "config", js_new_strn(buf_str(&config), config.len));
	js_write(result, o);
	return 0;
}

static struct cni_list *planned(const js *o, struct err *err)
{
	const char *config = js_str0(o, "config", NULL);
	return cni_list_parse(config, strlen(config), err);
}

int network_add(struct network *n, const char *sandbox_id, const struct network_pod *pod, const char *netns,
		const char *plan, struct buf *result, struct cni_result *ret, struct err *err)
{
	autobuf struct buf raw = BUF_INIT;
	autojson js *o = js_parse(plan, strlen(plan), NULL, err);
	struct cni_list *l = o ? planned(o, err) : NULL;
	if (!l)
		return -1;
	struct cni_attachment a = attachment(n, sandbox_id, pod, netns);
	int rc = cni_add(l, &a, &raw, ret, err);
	cni_list_free(l);
	if (rc < 0)
		return err_wrap(err, "failed to setup network for sandbox \"%s\"", sandbox_id);
	js_set(o, "result", js_new_strn(buf_str(&raw), raw.len));
	js_write(result, o);
	return 0;
}

int network_remove(struct network *n, const char *sandbox_id, const struct network_pod *pod,
		   const char *netns, const char *result, struct err *err)
{
	if (!result || !*result)
		return 0;
	autojson js *o = js_parse(result, strlen(result), NULL, err);
	if (!o)
		return -1;
	struct cni_list *l = planned(o, err);
	if (!l)
		return -1;
	struct cni_attachment a = attachment(n, sandbox_id, pod, netns);
	int rc = cni_del(l, &a, js_str0(o, "result", NULL), err);
	cni_list_free(l);
	return rc < 0 ? err_wrap(err, "failed to destroy network for sandbox \"%s\"", sandbox_id) : 0;
}

/* ---- teardown ---- */

static int delete_bridge(const char *name, struct err *err)
{
	autoclose int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq rq = {0};
	if (s < 0)
		return err_errno(err, "socket");
	memcpy(rq.ifr_name, name, strlen(name) + 1);
	if (ioctl(s, SIOCGIFFLAGS, &rq) < 0)
		return errno == ENODEV ? 0 : err_errno(err, "interface %s", name);
	rq.ifr_flags &= ~IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &rq) < 0 || ioctl(s, SIOCBRDELBR, name) < 0)
		return err_errno(err, "delete bridge %s", name);
	return 0;
}

/* What portmap leaves when its last mapping has gone: the jumps and three chains. Other users' mappings keep
   them. The order matters: a chain can be deleted when nothing jumps to it. */
static const char *const portmap_rest[][12] = {
	{"-D", "PREROUTING", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "CNI-HOSTPORT-DNAT"},
	{"-D", "OUTPUT", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "CNI-HOSTPORT-DNAT"},
	{"-D", "POSTROUTING", "-m", "comment", "--comment", "CNI portfwd requiring masquerade", "-j",
	 "CNI-HOSTPORT-MASQ"},
	{"-F", "CNI-HOSTPORT-MASQ"},
	{"-F", "CNI-HOSTPORT-SETMARK"},
	{"-X", "CNI-HOSTPORT-DNAT"},
	{"-X", "CNI-HOSTPORT-MASQ"},
	{"-X", "CNI-HOSTPORT-SETMARK"},
};

static void run_iptables(const char *program, const char *const *args)
{
	const char *argv[16] = {program, "-w", "5", "-t", "nat"};
	for (size_t i = 0; i < 10 && args[i]; i++)
		argv[5 + i] = args[i];
	struct process_spec s = {.argv = argv};
	struct err ignored = ERR_INIT; /* a rule that is not there is what is wanted */
	int status;
	(void)!process_run(&s, &status, &ignored);
}

/* Asked through nft, because iptables makes its tables when it only looks. */
static bool portmap_idle(const char *family)
{
	autobuf struct buf rules = BUF_INIT_MAX(1u << 20);
	struct process_spec s = {.argv = (const char *const[]){"nft", "list", "chain", family, "nat",
							       "CNI-HOSTPORT-DNAT", NULL},
				 .out = &rules};
	struct err ignored = ERR_INIT;
	int status;
	return process_run(&s, &status, &ignored) == 0 && !status && !strstr(buf_str(&rules), "jump");
}

static void remove_portmap_rest(const char *family, const char *program)
{
	if (!portmap_idle(family))
		return;
	for (size_t i = 0; i < ARRAY_LEN(portmap_rest); i++)
		run_iptables(program, portmap_rest[i]);
}

int network_teardown(const struct network_config *c, struct err *err)
{
	char bridge[IFNAMSIZ];
	bridge_name(c, bridge);
	int rc = delete_bridge(bridge, err);
	autofree char *script = mem_printf("table ip coracle-%s {}\ndelete table ip coracle-%s\n"
					   "table ip6 coracle-%s {}\ndelete table ip6 coracle-%s\n",
					   c->cluster_id, c->cluster_id, c->cluster_id, c->cluster_id);
	struct err ignored = ERR_INIT;
	(void)!run_nft(script, &ignored);
	remove_portmap_rest("ip", "iptables");
	remove_portmap_rest("ip6", "ip6tables");
	autofree char *dir = mem_printf("%s/cni", c->root);
	if (rc == 0)
		rc = tree_remove(dir, err);
	return rc;
}
