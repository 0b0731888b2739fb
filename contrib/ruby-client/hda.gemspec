# frozen_string_literal: true

require_relative "lib/hda/version"

Gem::Specification.new do |s|
  s.name = "hda"
  s.version = Hda::VERSION
  s.summary = "Heap dumps for the heap dump analyzer hda, from a forked child"
  s.authors = ["The hda authors"]
  s.license = "BSD-2-Clause"
  s.required_ruby_version = ">= 2.7"
  s.files = Dir["lib/**/*.rb", "sig/*.rbs", base: __dir__] + %w[README.md CHANGELOG.md LICENSE]
end
