package integration

import "testing"

type matrixPage struct{}

func (p *matrixPage) add(c contestant, version string, said map[string]string) {}
func (p *matrixPage) finish(t *testing.T)                                      {}
