// probe opens the connections that standard input lists (JSON), and says what came back, in the same order.
//
// Nothing here knows Istio: addresses, certificates and bytes are the caller's.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

type probe struct {
	From     string // the address to bind
	To       string // address and port
	Preface  string // sent before anything else, TLS included
	TLS      *secure
	Send     string
	Deadline float64 // seconds
}

type secure struct {
	CA, Cert, Key, ServerName string
	ALPN                      []string
	Min, Max                  uint16
	Ciphers                   []uint16
}

type answer struct {
	Outcome string `json:"outcome"` // data, closed, refused, timeout, or tls: REASON
	Data    string `json:"data"`
	Version string `json:"version,omitempty"`
	Cipher  string `json:"cipher,omitempty"`
}

func main() {
	var probes []probe
	if err := json.NewDecoder(os.Stdin).Decode(&probes); err != nil {
		log.Fatal(err)
	}
	answers := make([]answer, len(probes))
	var group sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range probes {
		group.Add(1)
		go func() {
			defer group.Done()
			slots <- struct{}{}
			answers[i] = send(&probes[i])
			<-slots
		}()
	}
	group.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

func send(p *probe) (a answer) {
	limit := time.Duration(p.Deadline * float64(time.Second))
	dialer := net.Dialer{Timeout: limit, LocalAddr: &net.TCPAddr{IP: net.ParseIP(p.From)}}
	connection, err := dialer.Dial("tcp", p.To)
	if err != nil {
		return failed(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(limit))
	if _, err := connection.Write([]byte(p.Preface)); err != nil {
		return failed(err)
	}
	if p.TLS != nil {
		client := tls.Client(connection, p.TLS.config())
		if err := client.Handshake(); err != nil {
			return failed(err)
		}
		state := client.ConnectionState()
		a.Version, a.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
		connection = client
	}
	if _, err := connection.Write([]byte(p.Send)); err != nil {
		return with(a, failed(err))
	}
	buffer := make([]byte, 8192)
	n, err := connection.Read(buffer)
	if n == 0 && err != nil {
		return with(a, failed(err))
	}
	a.Outcome, a.Data = "data", string(buffer[:n])
	return a
}

func (s *secure) config() *tls.Config {
	c := &tls.Config{
		ServerName: s.ServerName, NextProtos: s.ALPN, MinVersion: s.Min, MaxVersion: s.Max,
		InsecureSkipVerify: true, // the certificate is checked below; a mesh certificate has no DNS name
		VerifyConnection: func(state tls.ConnectionState) error {
			pem, err := os.ReadFile(s.CA)
			if err != nil {
				return err
			}
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(pem)
			_, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots})
			return err
		},
	}
	if len(s.Ciphers) > 0 { // an empty list would be no suite at all
		c.CipherSuites = s.Ciphers
	}
	if s.Cert != "" {
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		if err != nil {
			log.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

func with(a, failure answer) answer {
	a.Outcome = failure.Outcome
	return a
}

func failed(err error) answer {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return answer{Outcome: "refused"}
	case errors.As(err, &timeout) && timeout.Timeout():
		return answer{Outcome: "timeout"}
	case strings.Contains(err.Error(), "tls:") || strings.Contains(err.Error(), "x509:"):
		return answer{Outcome: "tls: " + err.Error()}
	default: // EOF, reset, broken pipe
		return answer{Outcome: "closed"}
	}
}
