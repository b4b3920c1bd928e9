// served gives Flux the public addresses that a rendered tree names, on loopback, so that the tree is used as it is.
//
// A CONNECT proxy sends every connection to one TLS server, whose certificates come from a CA of its own:
// https://HOST/NAME.git is the bare repository NAME.git of -git, any other address the file -static/HOST/PATH.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

var (
	proxy  = flag.String("proxy", "", "address of the CONNECT proxy")
	secure = flag.String("tls", "", "address of the TLS server")
	caFile = flag.String("ca", "", "where the CA's certificate is written")
	git    = flag.String("git", "", "folder of bare repositories")
	static = flag.String("static", "", "folder of HOST/PATH")
)

func main() {
	flag.Parse()
	authority := newAuthority()
	go func() {
		server := &http.Server{Addr: *secure, Handler: http.HandlerFunc(answer), TLSConfig: &tls.Config{GetCertificate: authority.certificate}}
		log.Fatal(server.ListenAndServeTLS("", ""))
	}()
	log.Fatal((&http.Server{Addr: *proxy, Handler: http.HandlerFunc(connect)}).ListenAndServe())
}

func answer(w http.ResponseWriter, r *http.Request) {
	log.Printf("%s https://%s%s", r.Method, r.Host, r.URL)
	if strings.Contains(r.URL.Path, ".git/") {
		path, err := exec.Command("git", "--exec-path").Output()
		must(err)
		(&cgi.Handler{
			Path: filepath.Join(string(bytes.TrimSpace(path)), "git-http-backend"), Root: "/",
			Env: []string{"GIT_PROJECT_ROOT=" + *git, "GIT_HTTP_EXPORT_ALL=1",
				"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
			InheritEnv: []string{"PATH", "HOME"},
		}).ServeHTTP(w, r)
		return
	}
	host, _, _ := strings.Cut(r.Host, ":")
	http.FileServer(http.Dir(filepath.Join(*static, filepath.Base(host)))).ServeHTTP(w, r)
}

func connect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
		return
	}
	server, err := net.Dial("tcp", *secure)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(server, client)
		server.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(client, server)
}

type authority struct {
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	mutex  sync.Mutex
	issued map[string]*tls.Certificate
}

func newAuthority() *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := template("served", 1)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	must(os.WriteFile(*caFile+".new", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	must(os.Rename(*caFile+".new", *caFile)) // who waits for the file sees it whole
	return &authority{key: key, cert: cert, issued: map[string]*tls.Certificate{}}
}

func (a *authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if cert := a.issued[hello.ServerName]; cert != nil {
		return cert, nil
	}
	template := template(hello.ServerName, int64(len(a.issued)+2))
	template.DNSNames, template.ExtKeyUsage = []string{hello.ServerName}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	cert := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
	a.issued[hello.ServerName] = cert
	return cert, nil
}

func template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour),
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
