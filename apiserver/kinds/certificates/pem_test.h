/* SPDX-License-Identifier: Apache-2.0 */
/* A request of system:node:n for a key on P-256, the same with a letter changed behind the signature's back, and a certificate. */
#ifndef KINDS_CERTIFICATES_PEM_TEST_H
#define KINDS_CERTIFICATES_PEM_TEST_H

static const char pem_request[] = "-----BEGIN CERTIFICATE REQUEST-----\n"
				  "MIHpMIGRAgEAMC8xFTATBgNVBAoMDHN5c3RlbTpub2RlczEWMBQGA1UEAwwNc3lz\n"
				  "dGVtOm5vZGU6bjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNpB7XWtKZVZiiBp\n"
				  "u3uHbCL3Sne03WPnL2QG+t9HX6vSFzduENDUY+EW4fFGUrht9YJUlCXaWLtzTgQK\n"
				  "qdWQWNigADAKBggqhkjOPQQDAgNHADBEAiAQY1sASS+MrzuD/kwirp6z3S4TJRJo\n"
				  "D7GIXKTqux0YFQIgS9uYw/tgN+64mtwJJ88TPeRBSAre2ptbqbVXcf0yc18=\n"
				  "-----END CERTIFICATE REQUEST-----\n";
static const char pem_forged[] =
	"-----BEGIN CERTIFICATE REQUEST-----\n"
	"MIHpMIGRAgEAMC8xFTATBgNVBAoMDHN5c3RlbTpub2RlczEWMBQGA1UEAwwNeHlzdGVtOm5vZGU6\n"
	"bjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNpB7XWtKZVZiiBpu3uHbCL3Sne03WPnL2QG+t9H\n"
	"X6vSFzduENDUY+EW4fFGUrht9YJUlCXaWLtzTgQKqdWQWNigADAKBggqhkjOPQQDAgNHADBEAiAQ\n"
	"Y1sASS+MrzuD/kwirp6z3S4TJRJoD7GIXKTqux0YFQIgS9uYw/tgN+64mtwJJ88TPeRBSAre2ptb\n"
	"qbVXcf0yc18=\n"
	"-----END CERTIFICATE REQUEST-----\n";
static const char pem_certificate[] = "-----BEGIN CERTIFICATE-----\n"
				      "MIIBbzCCARWgAwIBAgIUZJMhaqwji6VribJaIUau5DPRzQcwCgYIKoZIzj0EAwIw\n"
				      "DDEKMAgGA1UEAwwBYzAgFw0yNjExMjIwNTE5MTNaGA8yMTI2MTAyOTA1MTkxM1ow\n"
				      "DDEKMAgGA1UEAwwBYzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNpB7XWtKZVZ\n"
				      "iiBpu3uHbCL3Sne03WPnL2QG+t9HX6vSFzduENDUY+EW4fFGUrht9YJUlCXaWLtz\n"
				      "TgQKqdWQWNijUzBRMB0GA1UdDgQWBBQyfA7nWcUzQ2yTxK+1I3yNVUzJEDAfBgNV\n"
				      "HSMEGDAWgBQyfA7nWcUzQ2yTxK+1I3yNVUzJEDAPBgNVHRMBAf8EBTADAQH/MAoG\n"
				      "CCqGSM49BAMCA0gAMEUCIQC0eWoD0T/TTYPKcBYHVV2/ECQsWOFFdlH9x1Z0e97C\n"
				      "KQIgemGiwx7Aa4zaxXZCTQ+cxqu8pDJTlR9ab2dMMln4U+k=\n"
				      "-----END CERTIFICATE-----\n";

#endif
