# frozen_string_literal: true

# What the texts say is there. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class DocsTest < HdaTest
  TOP = File.expand_path("..", __dir__)

  def test_every_option_stands_in_the_readme_with_its_variable_and_in_the_signatures
    rows = File.readlines("#{TOP}/README.md").grep(/\A\| `/).map { |l| l.split("|").map(&:strip)[1, 2] }.to_h
    signatures = File.read("#{TOP}/sig/hda.rbs")
    Hda::Config::TABLE.each do |name, (var, _, _)|
      assert_equal var ? "`#{var}`" : "", rows["`#{name}`"], name.to_s
      assert_match(/\?#{name}: /, signatures)
    end
  end

  # test/README.md says by which test each row is proved.
  def test_every_test_that_is_named_exists
    code = Dir["#{__dir__}/*_test.rb"].map { |f| File.read(f) }.join
    named = File.readlines("#{__dir__}/README.md").grep(/\A\|/).flat_map { |l| l.split("|")[2].to_s.scan(/`([a-z0-9]+(?:_[a-z0-9]+)+)`/).flatten }
    assert_operator named.size, :>, 40
    named.each { |t| assert_includes code, "def test_#{t}\n", t }
    Hda::Config::TABLE.each_key { |o| assert_match(/^\| .*`#{o}`/, File.read("#{__dir__}/README.md")) }
  end
end
