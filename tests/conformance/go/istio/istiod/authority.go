package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// An authority issues what istiod's would, into a folder.
type authority struct {
	folder string
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
}

func newAuthority(folder string) *authority {
	must(os.MkdirAll(folder, 0o700))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := template()
	template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	template.Subject = pkix.Name{Organization: []string{"cluster.local"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	write(filepath.Join(folder, "ca.pem"), "CERTIFICATE", der)
	return &authority{folder, key, cert}
}

// issue returns the certificate's name in the folder.
func (a *authority) issue(trustDomain, namespace, account string) string {
	name := trustDomain + "~" + namespace + "~" + account
	path := filepath.Join(a.folder, name)
	if _, err := os.Stat(path + ".pem"); err == nil {
		return name
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := template()
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.URIs = []*url.URL{{Scheme: "spiffe", Host: trustDomain, Path: "/ns/" + namespace + "/sa/" + account}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	write(path+".pem", "CERTIFICATE", der)
	write(path+".key", "PRIVATE KEY", private)
	return name
}

func template() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour),
	}
}

func write(path, kind string, der []byte) {
	must(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}
