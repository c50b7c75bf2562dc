/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's login manager, over D-Bus: it is asked to hold back a shutdown for a while, and says when one begins (kubernetes/
 * kubernetes pkg/kubelet/nodeshutdown/systemd). The library of it is loaded by logind_new, so that who does not ask for this
 * has nothing of it. Nothing here waits: calls come back on the loop, and a bus that is not there, or goes, is tried
 * again every second. Loop thread.
 */
#ifndef SHUTDOWN_LOGIND_H
#define SHUTDOWN_LOGIND_H

#include "loop/loop.h"

struct logind_config {
	struct loop *loop;
	int64_t delay_s;      /* is wanted */
	const char *conf_dir; /* of drop-ins: gets one when the login manager grants less */
	void (*prepare)(void *arg,
			bool begins); /* a shutdown begins; or it was called off, and there may be another */
	void *arg;
};

struct logind;
struct logind *logind_new(const struct logind_config *c,
			  struct err *err) MUST_CHECK;	   /* no such library: an error */
bool logind_holds(const struct logind *l); /* for tests */ /* a shutdown would wait for us */
void logind_let_go(struct logind *l);			   /* it waits no longer */
void logind_free(struct logind *l); /* for tests */	   /* lets go, too; NULL is fine */

/* The drop-in that asks for so long a delay. */
int logind_write_delay(const char *dir, int64_t delay_s, struct err *err) MUST_CHECK; /* for tests */

#endif
