/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registry credentials and which of them are for an image, as the kubelet's keyring says
 * (pkg/credentialprovider/keyring.go): out of kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg Secrets, and out of
 * what credential providers answer. Filled by one thread; a finished set is frozen and may be searched from any.
 */
#ifndef CREDENTIAL_KEYRING_H
#define CREDENTIAL_KEYRING_H

#include "object/json.h"
#include "runtime/runtime.h"

struct keyring;
/* One Secret object more. *s NULL makes a set. What cannot be read is left out. */
void keyring_add_secret(struct keyring **s, const js *secret);
/* {"HOST[:PORT][/PATH]": {"username": …, "password": …}, …} more; NULL is none. */
void keyring_add_auths(struct keyring **s, const js *auths);
void keyring_free(struct keyring *s); /* NULL is fine */
/* The credentials to try for an image, the most special first; their strings are borrowed from s (may be NULL); free()
   *ret. Returns how many. */
size_t keyring_find(const struct keyring *s, const char *image, struct runtime_auth **ret);
/* Whether "*.reg.io/team" is for the repository "x.reg.io/team/app": labels of hosts may hold wildcards, ports are the same, a
   path is a beginning. */
bool keyring_matches(const char *pattern, const char *repository);

#endif
