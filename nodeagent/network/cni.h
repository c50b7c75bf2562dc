/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Container Network Interface, runtime's side, spec 0.3.1 to 1.0.0: reads a network configuration list,
 * runs its plugins in order for ADD and in reverse for DEL, hands each the result of the one before. Any
 * thread.
 */
#ifndef NETWORK_CNI_H
#define NETWORK_CNI_H

#include "base/buf.h"

#define CNI_CONFIG_MAX (1u << 20)
#define CNI_RESULT_MAX (1u << 20)
#define CNI_PLUGINS_MAX 16
#define CNI_IPS_MAX 2

struct cni_list; /* a parsed configuration list; immutable */
/* A .conflist, or the single plugin of a .conf. */
struct cni_list *cni_list_parse(const char *p, size_t n, struct err *err) MUST_CHECK;
void cni_list_free(struct cni_list *l);
const char *cni_list_name(const struct cni_list *l); /* for tests */
size_t cni_list_plugins(const struct cni_list *l);   /* for tests */

struct cni_port {
	int container_port, host_port; /* host_port > 0 */
	const char *protocol;	       /* "TCP", "UDP", "SCTP"; NULL = TCP */
	const char *host_ip;	       /* NULL or "" = all */
};

struct cni_attachment { /* borrowed */
	const char *container_id, *netns, *ifname;
	const char *pod_namespace, *pod_name, *pod_uid;
	const struct cni_port *ports;
	size_t n_ports;
	const char *bin_dirs; /* colon-separated */
	int lock_fd;	      /* that a plugin holds while it works; 0 = none */
};

struct cni_result {
	char ips[CNI_IPS_MAX][46]; /* without prefix length; "" = none */
	size_t n_ips;
};

/* What goes to a plugin's stdin; prev is the JSON of the last result or NULL. For the test. */
int cni_plugin_config(const struct cni_list *l, size_t i, const struct cni_attachment *a, const char *prev,
		      struct buf *out, struct err *err) MUST_CHECK; /* for tests */
int cni_result_parse(const char *p, size_t n, struct cni_result *ret,
		     struct err *err) MUST_CHECK; /* for tests */

/* ADD: the last plugin's result, raw (for DEL's prevResult) and parsed. After a failure DEL has been tried.
 */
int cni_add(const struct cni_list *l, const struct cni_attachment *a, struct buf *raw, struct cni_result *ret,
	    struct err *err) MUST_CHECK;
/* DEL, idempotent; netns may be gone ("" then). prev may be NULL. */
int cni_del(const struct cni_list *l, const struct cni_attachment *a, const char *prev,
	    struct err *err) MUST_CHECK;

#endif
