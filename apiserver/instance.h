/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One apiserver, from its options to a listener that serves, and back: what main.c does with the command line
 * and the rig (rig.h) with a temporary folder. One at a time per process; the strings are borrowed until
 * instance_stop.
 */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "trust.h"

struct instance_options { /* the flags of the same names; "" = not given */
	int port, max_mutating, max_read;
	const char *bind_address, *advertise_address;
	const char *cert_file, *key_file, *client_ca_file, *token_file;
	const char *etcd_servers, *etcd_ca, *etcd_cert, *etcd_key, *etcd_transport, *storage_backend,
		*data_dir;
	bool force_damaged_store;
	const char *front_proxy_ca_file;
	struct front_proxy front_proxy; /* without its certificates */
	const char *service_cidr, *kubelet_ca, *kubelet_cert, *kubelet_key, *kinds_dir;
};

struct instance;
struct kinds;
/* Serves when it returns, and the system namespaces are there. NULL on failure. */
struct instance *instance_start(const struct instance_options *o, struct err *err) MUST_CHECK;
int instance_port(const struct instance *i);
struct kinds *
instance_kinds(const struct instance *i); /* the door for kinds that come and go (kinds/kinds.h) */
uint64_t instance_revision(const struct instance *i); /* the store's */
/* /readyz fails from now on; returns after delay_ns, during which everything is served as before: load balancers have
   the time to look elsewhere (upstream's --shutdown-delay-duration). */
void instance_announce_stop(struct instance *i, int64_t delay_ns);
void instance_stop(struct instance *i); /* requests that run may finish; NULL is fine */

#endif
