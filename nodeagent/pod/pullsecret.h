/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imagePullSecrets: registry credentials out of kubernetes.io/dockerconfigjson (and dockercfg) Secrets.
 * Filled on the loop; a finished set is frozen and may be searched from any thread.
 */
#ifndef POD_PULLSECRET_H
#define POD_PULLSECRET_H

#include "pod/spec.h"
#include "runtime/runtime.h"

struct pullsecret;
/* One Secret object more. *s NULL makes a set. What cannot be read is left out, as the kubelet does. */
void pullsecret_add(struct pullsecret **s, const js *secret);
void pullsecret_free(struct pullsecret *s); /* NULL is fine */
/* Credentials for the image's registry; borrowed from s. The longest matching entry wins. */
bool pullsecret_find(const struct pullsecret *s, const char *image, struct runtime_auth *ret);

#endif
