/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imagePullSecrets: registry credentials out of kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg Secrets, and
 * which of them are for an image, as the kubelet's keyring says (pkg/credentialprovider/keyring.go). Filled on the loop;
 * a finished set is frozen and may be searched from any thread.
 */
#ifndef POD_PULLSECRET_H
#define POD_PULLSECRET_H

#include "pod/spec.h"
#include "runtime/runtime.h"

struct pullsecret;
/* One Secret object more. *s NULL makes a set. What cannot be read is left out. */
void pullsecret_add(struct pullsecret **s, const js *secret);
void pullsecret_free(struct pullsecret *s); /* NULL is fine */
/* The credentials to try for an image, the most special first; their strings are borrowed from s (may be NULL); free()
   *ret. Returns how many. */
size_t pullsecret_find(const struct pullsecret *s, const char *image, struct runtime_auth **ret);

#endif
