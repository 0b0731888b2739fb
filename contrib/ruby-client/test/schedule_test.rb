# frozen_string_literal: true

# When a dump is due: arithmetic alone. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class ScheduleTest < HdaTest
  def plain(**opts)
    Hda::Agent.new(Hda::Config.new({ app: "t", socket: "/nonexistent/sock", headroom: 0 }.merge(opts), {}))
  end

  def test_nothing_but_counting_before_the_first_dump_is_due
    before = Thread.list.size
    a = plain(every: 300, jitter: 0)
    assert_equal before, Thread.list.size, "no thread at load"
    299.times { |i| a.tick(i.even? ? "Even" : String) }
    assert_equal [299, 0], a.status.values_at(:jobs, :attempts)
    assert_equal before + 1, Thread.list.size, "the hda thread, which keeps the idle connection"
  ensure
    if a
      a.stop
      over(a)
    end
  end

  def test_distances_vary_by_the_jitter_and_siblings_spread
    dues = Array.new(400) { plain(every: 1000, jitter: 0.1).instance_variable_get(:@due) }
    assert_operator dues.min, :>=, 900
    assert_operator dues.max, :<=, 1100
    assert_operator dues.uniq.size, :>, 100
    assert_includes 980..1020, dues.sum / dues.size
    assert_equal [1000], Array.new(20) { plain(every: 1000, jitter: 0).instance_variable_get(:@due) }.uniq
  end

  def test_a_dump_that_comes_late_says_how_many_jobs_its_heap_has_seen
    a = plain(every: 100, jitter: 0)
    count = ->(n) { a.instance_variable_set(:@jobs, n) }
    a.instance_variable_set(:@pid, Process.pid)
    count[100]
    a.send(:event, 100)
    count[110]
    assert_equal 100, a.taken("every")["jobs"], "a few more are as good as none"
    assert_equal 110, a.taken("demand")["jobs"]
    count[137]
    assert_equal 137, a.taken("every")["jobs"]
    a.plan
    assert_equal 237, a.instance_variable_get(:@due), "from there"
  end

  def test_the_smallest_distance_is_one
    assert_equal 1, Array.new(50) { plain(every: 1, jitter: 1).instance_variable_get(:@due) }.min
  end
end
