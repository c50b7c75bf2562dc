/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reviews: questions to the apiserver's own authenticator and authorizer, asked by creating an object that comes back
 * with its status filled in (kubernetes/kubernetes pkg/registry/authorization, pkg/registry/authentication).
 */
#ifndef REST_REVIEW_REVIEW_H
#define REST_REVIEW_REVIEW_H

struct verb;
extern const struct verb review_verb; /* POST to the collection of a kind that review.c has a row for */

#endif
