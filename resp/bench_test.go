package resp_test

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"confman/resp"
)

// BenchmarkPipelinedGet measures GETs that come a hundred at a time.
func BenchmarkPipelinedGet(b *testing.B) {
	addr := serve(b, &resp.Server{})
	do(b, dial(b, addr), "SET prod/api/timeout 30s")
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	const at = 100
	request := []byte(strings.Repeat("*2\r\n$3\r\nGET\r\n$16\r\nprod/api/timeout\r\n", at))
	r := bufio.NewReaderSize(c, 64<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		if _, err := r.Discard(at * len("$3\r\n30s\r\n")); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*at), "ns/GET")
}
