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
#define PEM_END_S INT64_C(4948924753) /* when the certificate below is over, in seconds since 1970 */
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

/* A certificate and its key, in both forms, and keys of others. */
static const char pem_pair_certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBbzCCARWgAwIBAgIUcWCDdCEsM1SU9lJS4hfgBR3TfFswCgYIKoZIzj0EAwIw\n"
	"DDEKMAgGA1UEAwwBYzAgFw0yNjExMjIyMTU0NDdaGA8yMTI2MTAyOTIxNTQ0N1ow\n"
	"DDEKMAgGA1UEAwwBYzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI3apwx3+EsN\n"
	"Nd6k9izm44NWVxKbE53WEKq2ptTVdfdEaegXEtzltFHyAUeO/PyyMEHQ9AEL+bbF\n"
	"DewxqYowUFOjUzBRMB0GA1UdDgQWBBSB1s2ZW1fW4OH+NyLNTcaVPyq77TAfBgNV\n"
	"HSMEGDAWgBSB1s2ZW1fW4OH+NyLNTcaVPyq77TAPBgNVHRMBAf8EBTADAQH/MAoG\n"
	"CCqGSM49BAMCA0gAMEUCIQCNlZBtxKs5n20zUVj/4KonY4reoTa8wS24ApOhWYa4\n"
	"FgIgbJrTc0Oa6K0PMXg60RcLyOJw/iaAku4LzWeTiXZOjlY=\n"
	"-----END CERTIFICATE-----\n";
static const char pem_pair_key[] = "-----BEGIN EC PRIVATE KEY-----\n"
				   "MHcCAQEEICThkdPmAHFEVyipiYltLo+w+FVOSurtYxhVksC72HXFoAoGCCqGSM49\n"
				   "AwEHoUQDQgAEjdqnDHf4Sw013qT2LObjg1ZXEpsTndYQqram1NV190Rp6BcS3OW0\n"
				   "UfIBR478/LIwQdD0AQv5tsUN7DGpijBQUw==\n"
				   "-----END EC PRIVATE KEY-----\n";
static const char pem_pair_pkcs8[] = "-----BEGIN PRIVATE KEY-----\n"
				     "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJOGR0+YAcURXKKmJ\n"
				     "iW0uj7D4VU5K6u1jGFWSwLvYdcWhRANCAASN2qcMd/hLDTXepPYs5uODVlcSmxOd\n"
				     "1hCqtqbU1XX3RGnoFxLc5bRR8gFHjvz8sjBB0PQBC/m2xQ3sMamKMFBT\n"
				     "-----END PRIVATE KEY-----\n";
static const char pem_other_key[] = "-----BEGIN EC PRIVATE KEY-----\n"
				    "MHcCAQEEIGK1oZVfLSZapRTxor/Xn1+rH6e10x0eHzTHryRQyVaGoAoGCCqGSM49\n"
				    "AwEHoUQDQgAEkyxQLMRCH5LScfQYWENzq6o6iLIb7TNb2olbegKsYJazc6JBvgeh\n"
				    "bPgRcm+z9QL6GxHxL5LneZTufVCVpAJtNA==\n"
				    "-----END EC PRIVATE KEY-----\n";
static const char pem_other_sort[] = "-----BEGIN PRIVATE KEY-----\n"
				     "MC4CAQAwBQYDK2VwBCIEIDky2vMk5eqFPGk2+b0XXz+Pe/naY7vcbr4NsEJGc4jQ\n"
				     "-----END PRIVATE KEY-----\n";

#endif
