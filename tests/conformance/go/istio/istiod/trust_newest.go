//go:build newest

package main

// trust has nothing to do: this istiod reads the trust domain where the mesh config is.
func trust(string) {}
