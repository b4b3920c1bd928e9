//go:build !newest

package main

import "istio.io/istio/pkg/spiffe"

// trust sets the trust domain of the process, as pilot/pkg/bootstrap does.
func trust(domain string) { spiffe.SetTrustDomain(domain) }
