module meshwright.test/conformance/probe

go 1.26.0
