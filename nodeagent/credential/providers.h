/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credential provider plugins: programs that are asked for the credentials of an image (CredentialProviderRequest on stdin,
 * CredentialProviderResponse on stdout). What they answer is kept as long as they say, by image, registry or for all; one
 * that fails has no credentials, which the log tells and the registry's answer shows. Whatever a program does, it is over in
 * a minute and nothing of it is left. Any thread.
 */
#ifndef CREDENTIAL_PROVIDERS_H
#define CREDENTIAL_PROVIDERS_H

#include "credential/keyring.h"

struct providers;
/* config: as providerconfig_read. bin_dir: where the programs are. timeout_ns: of one call; 0 = a minute. */
struct providers *providers_open(const char *config, const char *bin_dir, int64_t timeout_ns,
				 struct err *err) MUST_CHECK;
void providers_free(struct providers *p); /* for tests; NULL is fine; nobody may be asking */

/* Whether any is for the image; false when p is NULL. Does not block. */
bool providers_want(const struct providers *p, const char *image);
/* What those that are for the image know. Blocks. NULL: nothing. */
struct keyring *providers_ask(struct providers *p, const char *image);
/* What one answer holds: v1, about an image (DOMAIN/PATH). For the fuzzer. */
int providers_parse(const char *text, size_t n, const char *image, struct keyring **ret,
		    struct err *err) MUST_CHECK; /* for tests */

#endif
