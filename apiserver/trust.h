/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ConfigMap kube-system/extension-apiserver-authentication says: whose client certificates this server trusts, and
 * whom it believes when he says in headers who somebody is (kubernetes/kubernetes
 * pkg/controlplane/controller/clusterauthenticationtrust). Servers that stand behind this one, and daemons that serve the
 * API's clients themselves, read it. Pure.
 */
#ifndef TRUST_H
#define TRUST_H

#include "base/err.h"
#include "object/json.h"

/* The flags --requestheader-*: lists are texts with commas; NULL is "". */
struct front_proxy {
	const char *ca_pem; /* "": nobody is believed, and nothing is said of the others */
	const char *usernames, *uids, *groups, *extra_prefixes, *allowed_names;
};
/* What cannot be meant is refused in upstream's words (apiserver pkg/server/options/authentication.go). */
int trust_check(const struct front_proxy *p, struct err *err) MUST_CHECK;
/* The ConfigMap's data: what other servers have said in `there` (NULL: nothing) comes first, ours is added. Certificates that
   have been over for some minutes are not said any more. */
js *trust_data(const js *there, const char *client_ca_pem, const struct front_proxy *p, int64_t now_ns);

#endif
