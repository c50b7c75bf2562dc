/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main of a daemon that reconciles: flags, kubeconfig, health listener, leader election, signals and the
 * order of shutdown, written once. The daemon is a row of functions.
 *
 *	make	before the election. What only reads may start here, so that a standby is warm.
 *	run	once elected: starts the work and returns.
 *	synced	the readiness check `informer-sync`, from make on.
 *	destroy	stops and joins everything; health is not served any more, the Lease is still held.
 *
 * A daemon that loses its Lease stops, and starts over from nothing in the same process.
 */
#ifndef CONTROLLER_DAEMON_H
#define CONTROLLER_DAEMON_H

#include "base/flags.h"
#include "client/rest.h"

/* What a configuration file may say instead of the flags. Texts outlive the daemon. */
struct daemon_options {
	const char *kubeconfig, *lease_namespace, *lease_name;
	bool elect;
	bool said_lease; /* by flags: --leader-elect… differ from their defaults */
};

struct daemon {
	const char *name;    /* "scheduler": of the program; with "kube-" before it in user agent and Lease */
	const char *summary; /* of --help, one sentence */
	const char *port;    /* default of --secure-port */
	const struct flag *flags; /* its own beside the common ones, ends with {0}; NULL = none */

	/* once the flags are read; NULL = nothing to do */
	int (*configure)(struct daemon_options *o, struct err *err);
	/* r is on the daemon's one loop and outlives destroy; NULL = failure */
	void *(*make)(struct rest *r, struct err *err);
	void (*run)(void *self);
	bool (*synced)(void *self); /* any thread, must not block */
	void (*destroy)(void *self);
};

/* Main thread, once. Returns the exit status. */
int daemon_main(const struct daemon *d, int argc, char **argv);

#endif
