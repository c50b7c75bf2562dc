/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller's own identity: a ServiceAccount of kube-system, made when it is missing, and its tokens
 * (kubernetes/kubernetes staging/src/k8s.io/controller-manager pkg/clientbuilder: the dynamic client builder). A token is
 * asked for by TokenRequest with the daemon's own credentials, lasts an hour, and is replaced after four fifths of it. Any
 * thread; one that finds no token waits for who is asking.
 */
#ifndef CONTROLLER_ACCOUNT_H
#define CONTROLLER_ACCOUNT_H

#include "client/rest.h"

struct account;
struct account *account_new(const char *name);
void account_free(struct account *a);
/* True when there is a token that will do for a while. */
bool account_ready(struct account *a);
/* Asks for one, through the daemon's own client, unless somebody else just has. */
int account_renew(struct account *a, struct rest *own, struct err *err) MUST_CHECK;
/* To be freed; *ret_number tells tokens apart. */
char *account_token(struct account *a, uint64_t *ret_number);
/* The API did not take token `number`. */
void account_refused(struct account *a, uint64_t number);

#endif
