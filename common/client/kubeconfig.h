/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubeconfig files: the current context's server, CA and credentials (files or inline data), read and
 * written.
 *
 * Relative file names in it count from the file's own folder, as in client-go. exec and auth-provider plugins
 * are refused.
 */
#ifndef CLIENT_KUBECONFIG_H
#define CLIENT_KUBECONFIG_H

#include "client/http.h"

struct kubeconfig {
	char *server;				   /* https://127.0.0.1:6443, without a slash at the end */
	char *ca_pem, *cert_pem, *key_pem, *token; /* NULL = none */
	bool insecure;
	char *namespace; /* never NULL after a load; "default" when the context names none */
};
/* path NULL or "": $KUBECONFIG, else ~/.kube/config. */
int kubeconfig_load(const char *path, struct kubeconfig *ret, struct err *err) MUST_CHECK;
int kubeconfig_parse(const char *p, size_t n, const char *dir, struct kubeconfig *ret,
		     struct err *err) MUST_CHECK; /* for tests */
void kubeconfig_release(struct kubeconfig *k);
/* One cluster, user and context of these names, everything inline; 0600, by rename. */
int kubeconfig_write(const char *path, const char *cluster, const char *user, const struct kubeconfig *k,
		     struct err *err) MUST_CHECK; /* for tests */

#endif
