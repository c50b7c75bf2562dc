/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Pod network of this node: a CNI configuration list, the user's own (first *.conflist or *.conf of the
 * configuration directory in name order, as every CRI does it) or, when there is none, ours: a bridge with
 * addresses out of the node's podCIDR and port mapping. Also the one masquerading rule that Pods need to
 * reach the world. Any thread.
 */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

#include "network/cni.h"

#define NETWORK_BIN_DIRS "/usr/lib/cni:/opt/cni/bin"
#define NETWORK_CONF_DIR "/etc/cni/net.d"

struct network_config {		/* borrowed until network_free */
	const char *root;	/* our files: ROOT/cni */
	const char *cluster_id; /* [a-z0-9]{1,12} */
	const char *bin_dirs;	/* NULL = NETWORK_BIN_DIRS */
	const char *conf_dir;	/* NULL = NETWORK_CONF_DIR */
	int lock_fd;		/* that plugins get; 0 = none */
};

struct network;
struct network *network_new(const struct network_config *c);
void network_free(struct network *n);

/* Makes the network ready; REASON_INVALID for a bad CIDR. Called again with the same CIDR it does nothing;
   another one holds for the Pods made afterwards. */
int network_set_pod_cidr(struct network *n, const char *cidr, struct err *err) MUST_CHECK;
/* False until there is a configuration to use; *why (when asked) gets the words for the node's Ready
 * condition. */
bool network_ready(struct network *n, struct err *why);

struct network_pod { /* borrowed */
	const char *uid, *namespace, *name;
	const struct cni_port *ports; /* host ports to map */
	size_t n_ports;
};
/* A result that knows no more than by which configuration the Pod is to be attached: enough to undo whatever becomes of
   network_add. It is kept by the caller before that is called. */
int network_plan(struct network *n, struct buf *result, struct err *err) MUST_CHECK;
/* `plan` is network_plan's. `result` takes its place, to be given to network_remove; on failure nothing is left to remove. */
int network_add(struct network *n, const char *sandbox_id, const struct network_pod *pod, const char *netns,
		const char *plan, struct buf *result, struct cni_result *ret, struct err *err) MUST_CHECK;
/* netns may be gone. `ports` as at ADD. */
int network_remove(struct network *n, const char *sandbox_id, const struct network_pod *pod,
		   const char *netns, const char *result, struct err *err) MUST_CHECK;

/* Deletes the bridge, the firewall rules and what portmap left: nothing of this cluster's network stays.
   Needs no struct network; for `--teardown` after the last Pod. */
int network_teardown(const struct network_config *c, struct err *err) MUST_CHECK;

/* The text of our own configuration list; for the test. */
int network_default_config(const struct network_config *c, const char *cidr, struct buf *out,
			   struct err *err) MUST_CHECK; /* for tests */

#endif
