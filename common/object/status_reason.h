/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the API spells a failure: the names and HTTP codes of metav1.StatusReason (kubernetes/apimachinery
 * pkg/apis/meta/v1/types.go) for every enum reason.
 *
 * The apiserver writes a Status from a row, the REST client reads a Status back into the same row, so a controller
 * can ask `err.reason == REASON_CONFLICT`. Any thread.
 */
#ifndef OBJECT_STATUS_REASON_H
#define OBJECT_STATUS_REASON_H

#include "base/err.h"

/* "NotFound"; "" for REASON_UNKNOWN. */
const char *status_reason_name(enum reason r);
/* 404; 500 for what never travels and so has no code. */
int status_reason_code(enum reason r);
/* The inverse of status_reason_name; REASON_UNKNOWN when no row matches. */
enum reason status_reason_parse(const char *name);
/* The reason that a bare HTTP status stands for when no Status body came with it. */
enum reason status_reason_from_code(int http_code);

#endif
