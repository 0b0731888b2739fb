# frozen_string_literal: true

# Runs minitest files and speaks TAP: ruby test/tap.rb [--seed N] FILE ... SPDX-License-Identifier: BSD-2-Clause
require "minitest"

seed = ARGV[0] == "--seed" ? Integer(ARGV.shift(2)[1]) : rand(100_000)
Minitest.seed = seed # shuffles the order
ARGV.each { |file| require File.expand_path(file) }
puts "# seed #{seed}"
number = failed = 0
Minitest::Runnable.runnables.each do |klass|
  klass.runnable_methods.each do |method|
    result = Minitest.run_one_method(klass, method)
    number += 1
    bad = !result.passed? && !result.skipped?
    failed += 1 if bad
    slow = result.time > 3 ? format(" (%.1f s)", result.time) : ""
    name = "#{klass.name.sub(/Test\z/, '')}: #{method.sub(/\Atest_/, '').tr('_', ' ')}#{slow}"
    puts "#{bad ? 'not ok' : 'ok'} #{number} - #{name}#{" # SKIP #{result.failure.message}" if result.skipped?}"
    result.failures.each { |f| puts "#{f.message.lines.first(12).join.chomp}\n#{f.location}".gsub(/^/, "# ") } if bad
    $stdout.flush
  end
end
puts "1..#{number}"
$stdout.flush # exit! flushes nothing
exit!(failed.zero?)
